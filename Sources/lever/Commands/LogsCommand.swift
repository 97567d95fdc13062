internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever logs`: what instances write.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Prints what instances write to their standard output and error.",
        discussion: """
            Of one service, or of all services of the environment. The host keeps the lines in files, also of instances that \
            have ended and of its earlier runs. On a terminal each line begins with its instance, in a colour of its own. Lines \
            that came faster than they could be kept or sent are counted on standard error.

            EXAMPLES
              lever logs helloService
              lever logs -f dev.lever/helloService
              lever logs --since 10m
              lever logs --instance helloService-3-1-2 --lines 1000 helloService
              lever logs --json --since 1h helloService | jq -r .line
            """)

    @Argument(
        help: "The service: <service> or <environment>/<service>; without it all services of the environment.")
    var service: String?

    @Flag(name: .shortAndLong, help: "Go on with what is written from now on, until Ctrl-C.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long],
        help: "How many lines of what was written before, the newest. (default: 100, with --since all)")
    var lines: Int?

    @Option(help: "Only lines of the last 30s, 5m, 2h.", transform: TimeoutOption.duration)
    var since: Duration?

    @Option(help: "Only this instance, as lever ps names it.")
    var instance: String?

    @Flag(inversion: .prefixedNo, help: "Begin each line with its instance. (default: on a terminal)")
    var prefix: Bool?

    @Flag(help: "Begin each line with its time.")
    var times = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    /// The most lines that a host sends of the past.
    private static let most = 1_000_000

    func validate() throws {
        guard (0...Self.most).contains(lines ?? 0) else { throw ValidationError("--lines is from 0 to \(Self.most).") }
    }

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let id = try service.map { try connection.service($0) }
            let environment = try id?.environment ?? connection.defaultEnvironment()
            let admin = try connection.admin(environment)
            let start = since.map { TimeText.now() - $0 / .seconds(1) }
            let lines = lines ?? (since == nil ? 100 : Self.most)
            let (instance, follow) = (instance.map { InstanceID($0) }, follow)
            let empty = LogPrinter(
                output: output, hasInstances: prefix ?? (instance == nil && Terminal.output.isInteractive),
                hasTimes: times)
            try await Interrupt.cancelling {
                var printer = empty
                let feed =
                    if let id {
                        try await admin.logs(of: id, instance: instance, lines: lines, since: start, follow: follow)
                    } else {
                        try await admin.logs(
                            in: environment, instance: instance, lines: lines, since: start, follow: follow)
                    }
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
