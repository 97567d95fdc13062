internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever rm`: removes a service.
struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Removes a service with all its versions.",
        discussion: """
            Calls in progress get their time; the command returns once nothing of the service runs. What it was cannot be had \
            back, but by deploying it again.

            EXAMPLES
              lever rm helloService
              lever rm shop.example.com/cart
            """)

    @Argument(help: "The service: <service> or <environment>/<service>.")
    var service: String

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let id = try connection.service(service)
            let admin = try connection.admin(id.environment)
            try await Interrupt.cancelling { try await admin.remove(id) }
            Terminal.output.print("removed service \(id)")
        }
    }
}
