internal import ArgumentParser
internal import LeverCore

/// `lever`: what all subcommands belong to.
struct LeverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lever",
        abstract: "Deploys services to Lever, calls their methods, and looks after what runs.",
        discussion: """
            EXAMPLES
              lever deploy dev.lever ./hello
              lever invoke lever://dev.lever/helloService/SayHello '"world"'
              lever stream /chat/lobby/FeedChan
              lever ls; lever ps; lever logs -f helloService

            ENVIRONMENT
              LEVEROS_ENV      the environment where none is given (dev.lever)
              LEVEROS_IP_PORT  the host where none is given (127.0.0.1:8080)
              NO_COLOR         no colours

            EXIT STATUS
              0   all went well
              1   the method answered with an error, or the host refused the service
              2   wrong usage
              3   the call failed otherwise
            """,
        version: LeverVersion.current,
        subcommands: [InvokeCommand.self, StreamCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Versions",
                subcommands: [
                    DeployCommand.self, RollbackCommand.self, VersionsCommand.self, RemoveCommand.self,
                ]),
            CommandGroup(
                name: "What runs",
                subcommands: [
                    ListCommand.self, InstancesCommand.self, LogsCommand.self, EventsCommand.self, DrainCommand.self,
                    ScaleCommand.self, ResourceCommand.self, EnvironmentCommand.self, PruneCommand.self,
                ]),
        ])
}
