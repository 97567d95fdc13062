internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever logs`: what instances write.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Prints what the instances of a service write to their standard output and error.",
        discussion: """
            The host keeps the last lines of each instance that runs, and of the last ones that have ended. With several instances each line begins with its \
            instance. Lines that came faster than they could be sent are counted on standard error.

            EXAMPLES
              lever logs helloService
              lever logs -f dev.lever/helloService
              lever logs --since 5m --lines 1000 helloService
              lever logs --instance helloService-3-1-2 helloService
            """)

    @Argument(help: "The service: <service> or <environment>/<service>.")
    var service: String

    @Flag(name: .shortAndLong, help: "Go on with what is written from now on, until Ctrl-C.")
    var follow = false

    @Option(name: [.customShort("n"), .long], help: "How many lines of what was written before, the newest.")
    var lines = 100

    @Option(help: "Only lines of the last 30s, 5m, 2h.", transform: TimeoutOption.duration)
    var since: Duration?

    @Option(help: "Only this instance, as lever ps names it.")
    var instance: String?

    @Flag(help: "Begin each line with its time.")
    var times = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (0...1_000_000).contains(lines) else { throw ValidationError("--lines is from 0 to 1000000.") }
    }

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let id = try connection.service(service)
            let admin = try connection.admin(id.environment)
            let start = since.map { TimeText.now() - $0 / .seconds(1) }
            let (instance, lines, follow) = (instance.map { InstanceID($0) }, lines, follow)
            let printer = LogPrinter(output: output, hasInstances: instance == nil, hasTimes: times)
            try await Interrupt.cancelling {
                let feed = try await admin.logs(
                    of: id, instance: instance, lines: lines, since: start, follow: follow)
                for try await message in feed {
                    switch message {
                    case .entry(let line): try printer.print(line)
                    case .dropped(let count): Terminal.error.print("lever: \(count) lines are missing here")
                    }
                }
            }
        }
    }
}

/// Prints lines of instances.
private struct LogPrinter {
    let output: OutputOptions
    let hasInstances: Bool
    let hasTimes: Bool

    func print(_ line: AdminClient.LogLine) throws {
        guard !output.json else { return try output.printLine(line) }
        var text = ""
        if hasTimes { text += TimeText.local(line.time) + " " }
        if hasInstances {
            text += Terminal.output.isColoured ? "\u{1B}[36m\(line.instance)\u{1B}[0m | " : "\(line.instance) | "
        }
        Terminal.output.print(text + line.line)
    }
}
