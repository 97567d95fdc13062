/// A bar that fills up, drawn over and over in one line.
struct ProgressBar {
    /// Columns that the line may take.
    var width: Int

    /// The line, for example `Uploading [=====>    ]  42 %   1.3 MB`.
    ///
    /// - Parameters:
    ///   - label: What is going on.
    ///   - fraction: How much is done, from 0 to 1.
    ///   - bytes: The bytes that have gone over the wire.
    func line(_ label: String, fraction: Double, bytes: Int) -> String {
        let fraction = min(1, max(0, fraction))
        let percent = String(Int(fraction * 100))
        let suffix = " " + String(repeating: " ", count: 3 - percent.count) + percent + " %  " + Self.size(bytes)
        let room = min(40, width - label.count - suffix.count - 4)
        guard room >= 5 else { return label + suffix }
        let filled = Int(fraction * Double(room))
        var bar = String(repeating: "=", count: filled)
        if filled < room { bar += ">" + String(repeating: " ", count: room - filled - 1) }
        return "\(label) [\(bar)]\(suffix)"
    }

    /// A number of bytes for people.
    static func size(_ bytes: Int) -> String {
        switch bytes {
        case ..<1_000: "\(bytes) B"
        case ..<1_000_000: "\(bytes / 1_000) kB"
        default: "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB"
        }
    }
}
