import LeverCore
import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

#if canImport(Glibc)
private let writeBytes = Glibc.write
#else
private let writeBytes = Darwin.write
#endif

/// Writes log lines to standard error, as text for people or as one JSON object for each line.
struct HostLog: LogHandler {
    private let format: LogFormat
    private let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(label: String, format: LogFormat, level: Logger.Level) {
        self.label = label
        self.format = format
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let level = event.level
        let message = event.message
        let line: String
        switch format {
        case .text:
            let fields = all.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
            line = "\(Self.time()) \(level.rawValue) \(message)\(fields)"
        case .json:
            var object = LeverObject([
                (key: "time", value: .string(Self.time())), (key: "level", value: .string(level.rawValue)),
                (key: "message", value: .string("\(message)")),
            ])
            for (key, value) in all { object[key] = .string("\(value)") }
            line = LeverValue.object(object).json()
        }
        Self.write(line + "\n")
    }

    /// Writes to standard error, with one system call for a line, so that lines of several threads do not mix.
    static func write(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let start = rest.baseAddress, !rest.isEmpty {
                let count = writeBytes(2, start, rest.count)
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == " " || $0 == "\"" || $0.isNewline }) || text.isEmpty else { return text }
        return LeverValue.string(text).json()
    }

    /// The time in UTC, to the millisecond.
    private static func time() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        var seconds = now.tv_sec
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let milliseconds = String(now.tv_nsec / 1_000_000)
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):"
            + "\(two(parts.tm_min)):\(two(parts.tm_sec)).\(String(repeating: "0", count: 3 - milliseconds.count))\(milliseconds)Z"
    }
}
