internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever ls`: the services that are deployed.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "Lists the services that are deployed.",
        discussion: """
            EXAMPLES
              lever ls                  the services of all environments of the host
              lever ls dev.lever        those of one environment
              lever ls --json
            """)

    @Argument(help: "Only the services of this environment.")
    var environment: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    /// What is in the host's own process has no version.
    private static func version(_ service: AdminClient.Service) -> String {
        if service.inProcess == true { return "in host" }
        return service.version.map { "\($0)" } ?? "-"
    }

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let only = try environment.map { try connection.environment(named: $0) }
            let admin = try connection.admin(only)
            let services = try await Interrupt.cancelling { try await admin.services(in: only) }
            try output.print(services, nothing: "no services") { services in
                Table(
                    [
                        .text("ENVIRONMENT"), .text("SERVICE"), .number("VERSION"), .number("INSTANCES"),
                        .number("CALLS"), .number("RESOURCES"), .text("ACCESS"), .text("DESCRIPTION"),
                    ],
                    services.map { service in
                        [
                            service.environment, service.service, Self.version(service),
                            "\(service.instances)", "\(service.calls)", "\(service.resources)",
                            service.private ? "private" : "public", service.description ?? "",
                        ]
                    })
            }
        }
    }
}

extension ConnectionOptions {
    /// The administration of the host of an environment, by default of the default one.
    func admin(_ environment: EnvironmentName? = nil) throws -> AdminClient {
        let environment = try environment ?? defaultEnvironment()
        return try client(for: environment).admin(at: environment)
    }
}
