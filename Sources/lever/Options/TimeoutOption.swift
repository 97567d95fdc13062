internal import ArgumentParser
internal import LeverClient

/// How long a call may take.
struct TimeoutOption: ParsableArguments {
    @Option(
        help: "How long the call may take: 500ms, 10s (or 10), 2m, 1h. Without it the host decides.",
        transform: Self.duration)
    var timeout: Duration?

    /// The options of the call.
    var options: CallOptions { CallOptions(timeout: timeout) }

    /// Reads a number with a unit; without one it is seconds.
    static func duration(_ text: String) throws -> Duration {
        let number = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(number), value > 0, value < 1e9 else { throw invalid(text) }
        switch text[number.endIndex...] {
        case "ms": return .milliseconds(value)
        case "", "s": return .seconds(value)
        case "m": return .seconds(value * 60)
        case "h": return .seconds(value * 3600)
        default: throw invalid(text)
        }
    }

    private static func invalid(_ text: String) -> ValidationError {
        ValidationError("\"\(text)\" is no time: write 500ms, 10s, 2m or 1h.")
    }
}
