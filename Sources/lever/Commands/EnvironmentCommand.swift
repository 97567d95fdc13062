internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever env`: environments.
struct EnvironmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Lists, adds and removes environments.",
        discussion: """
            An environment is a set of services apart from others, named by a host name. The first deployment to one makes it.

            EXAMPLES
              lever env ls
              lever env add shop.example.com
              lever env rm --force shop.example.com
            """,
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "Lists the environments.")

        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await CommandFailure.explaining(connection) {
                let admin = try connection.admin()
                let environments = try await Interrupt.cancelling { try await admin.environments() }
                try output.print(environments, nothing: "no environments") { environments in
                    Table(
                        [.text("ENVIRONMENT"), .number("SERVICES")],
                        environments.map { [$0.environment, "\($0.services)"] })
                }
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "add", abstract: "Adds an environment.")

        @Argument(help: "Its name, a host name.")
        var environment: String

        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await CommandFailure.explaining(connection) {
                let name = try connection.environment(named: environment)
                let admin = try connection.admin(name)
                let isNew = try await Interrupt.cancelling { try await admin.addEnvironment(name) }
                Terminal.output.print(isNew ? "added environment \(name)" : "environment \(name) is there already")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Removes an environment.",
            discussion: "With --force the services that are in it are removed, too.")

        @Argument(help: "Its name.")
        var environment: String

        @Flag(help: "Remove the services that are in it, too.")
        var force = false

        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await CommandFailure.explaining(connection) {
                let name = try connection.environment(named: environment)
                let admin = try connection.admin(name)
                let force = force
                try await Interrupt.cancelling { try await admin.removeEnvironment(name, force: force) }
                Terminal.output.print("removed environment \(name)")
            }
        }
    }
}
