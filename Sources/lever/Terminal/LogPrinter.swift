internal import LeverClient

/// Prints lines of instances; where colours may be used, each instance in its own.
struct LogPrinter: Sendable {
    /// Cyan, yellow, green, magenta, blue, and the same brighter: red is for failures.
    private static let colours = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94]

    private let output: OutputOptions
    private let hasInstances: Bool
    private let hasTimes: Bool
    /// The colours of the instances that were seen.
    private var colours: [String: Int] = [:]

    init(output: OutputOptions, hasInstances: Bool, hasTimes: Bool) {
        self.output = output
        self.hasInstances = hasInstances
        self.hasTimes = hasTimes
    }

    mutating func print(_ line: AdminClient.LogLine) throws {
        guard !output.json else { return try output.printLine(line) }
        Terminal.output.print(text(of: line, isColoured: Terminal.output.isColoured))
    }

    /// A line as it is printed.
    mutating func text(of line: AdminClient.LogLine, isColoured: Bool) -> String {
        var text = ""
        if hasTimes {
            let time = TimeText.local(line.time)
            text += isColoured ? "\u{1B}[2m\(time)\u{1B}[0m " : time + " "
        }
        if hasInstances {
            let instance = Table.printable(line.instance)
            text += isColoured ? "\u{1B}[\(colour(of: line.instance))m\(instance)\u{1B}[0m | " : instance + " | "
        }
        return text + line.line
    }

    /// The next colour that no instance has; when there are none left, they begin again.
    private mutating func colour(of instance: String) -> Int {
        if let known = colours[instance] { return known }
        let colour = Self.colours[colours.count % Self.colours.count]
        colours[instance] = colour
        return colour
    }
}
