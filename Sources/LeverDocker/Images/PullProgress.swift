import LeverCore

/// Makes few lines for people out of the many that an engine says while it gets an image.
struct PullProgress {
    private let image: ImageReference
    private let interval: Duration
    /// By layer: bytes that have come, and all of them.
    private var layers: [String: (current: Double, total: Double)] = [:]
    private var lastLine: ContinuousClock.Instant?

    /// - Parameter interval: The least time between two lines.
    init(_ image: ImageReference, interval: Duration = .milliseconds(500)) {
        self.image = image
        self.interval = interval
    }

    /// Takes a line of the engine's; gives one for people where it is time for it.
    mutating func take(_ line: LeverValue, at now: ContinuousClock.Instant = .now) -> String? {
        guard line["status"]?.stringValue == "Downloading", let layer = line["id"]?.stringValue,
            let current = line["progressDetail"]?["current"]?.numberValue,
            let total = line["progressDetail"]?["total"]?.numberValue, total > 0
        else { return nil }
        layers[layer] = (current, total)
        if let lastLine, lastLine.duration(to: now) < interval { return nil }
        lastLine = now
        let all = layers.values.reduce(into: (current: 0.0, total: 0.0)) {
            $0.current += $1.current
            $0.total += $1.total
        }
        return "pulling \(image): \(Self.megabytes(all.current)) of \(Self.megabytes(all.total)) MB"
    }

    private static func megabytes(_ bytes: Double) -> String {
        let tenths = Int((bytes / 100_000).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
