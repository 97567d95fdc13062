internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever scale`: shows and sets the bounds of a service's scaling.
struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Shows or sets how many instances a service may have.",
        discussion: """
            What is set counts in place of the manifest's until the host ends or --reset. Without options it shows what \
            counts.

            EXAMPLES
              lever scale helloService
              lever scale --min 2 --max 20 helloService
              lever scale --reset helloService
            """)

    @Argument(help: "The service: <service> or <environment>/<service>.")
    var service: String

    @Option(name: .customLong("min"), help: "Instances that are kept even when idle.")
    var minimum: Int?

    @Option(name: .customLong("max"), help: "The most instances.")
    var maximum: Int?

    @Option(help: "The mean number of concurrent calls at which one instance is full.")
    var load: Double?

    @Option(help: "What an open channel that has nothing to do counts as load.")
    var channelLoad: Double?

    @Flag(help: "Bring the manifest's bounds back.")
    var reset = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    private var change: AdminClient.ScalingChange {
        AdminClient.ScalingChange(
            maxInstanceLoad: load, minInstances: minimum, maxInstances: maximum, channelLoad: channelLoad)
    }

    func validate() throws {
        if reset, change != AdminClient.ScalingChange() {
            throw ValidationError("--reset brings the manifest's bounds back; it goes with no other bound.")
        }
    }

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let id = try connection.service(service)
            let admin = try connection.admin(id.environment)
            let (change, reset) = (change, reset)
            let scaling: AdminClient.Scaling? = try await Interrupt.cancelling {
                if reset { return try await admin.setScaling(of: id, nil) }
                if change != AdminClient.ScalingChange() { return try await admin.setScaling(of: id, change) }
                return try await admin.service(id).scaling
            }
            guard let scaling else { return }
            guard !output.json else { return try output.print(scaling) }
            Terminal.output.print(
                Table(
                    [.number("MIN"), .number("MAX"), .number("LOAD"), .number("CHANNEL LOAD"), .text("SET BY")],
                    [
                        [
                            "\(scaling.minInstances)", "\(scaling.maxInstances)", "\(scaling.maxInstanceLoad)",
                            "\(scaling.channelLoad)", scaling.overridden ? "administrator" : "manifest",
                        ]
                    ]
                ).text())
        }
    }
}
