internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever events`: what the host does, and why.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Prints what the host did: instances, deployments, scaling, moves.",
        discussion: """
            The host keeps its last 1,000 events, until it ends.

            EXAMPLES
              lever events
              lever events -f helloService
              lever events --env dev.lever --json
            """)

    @Argument(help: "Only what concerns this service: <service> or <environment>/<service>.")
    var service: String?

    @Flag(name: .shortAndLong, help: "Go on with what happens from now on, until Ctrl-C.")
    var follow = false

    @Option(name: [.customShort("n"), .long], help: "How many events of before, the newest.")
    var lines = 100

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (0...1_000_000).contains(lines) else { throw ValidationError("--lines is from 0 to 1000000.") }
    }

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let id = try service.map { try connection.service($0) }
            // An environment is a filter only where it is asked for.
            let environment =
                try id?.environment ?? connection.environment.map { try connection.environment(named: $0) }
            let admin = try connection.admin(environment)
            let (lines, follow, output) = (lines, follow, output)
            try await Interrupt.cancelling {
                let feed = try await admin.events(
                    in: environment, service: id?.service, lines: lines, follow: follow)
                for try await message in feed {
                    switch message {
                    case .entry(let event) where output.json: try output.printLine(event)
                    case .entry(let event): Terminal.output.print(Self.text(of: event))
                    case .dropped(let count): Terminal.error.print("lever: \(count) events are missing here")
                    }
                }
            }
        }
    }

    /// An event on a line; what its message has beyond one stands below it.
    static func text(of event: AdminClient.Event) -> String {
        let kind = event.kind.padded(to: 20)
        let subject = event.service.map { "\(event.environment)/\($0)" } ?? event.environment
        let instance = event.instance.map { " \($0)" } ?? ""
        let lines = event.message.split(separator: "\n", omittingEmptySubsequences: false).map {
            Table.printable(String($0))
        }
        return "\(TimeText.local(event.time))  \(kind)  \(subject)\(instance): \(lines.joined(separator: "\n    "))"
    }
}

extension String {
    /// The text with spaces behind it up to a length.
    fileprivate func padded(to length: Int) -> String {
        self + String(repeating: " ", count: max(0, length - count))
    }
}
