internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever ps`: the instances that run.
struct InstancesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "Lists the instances that run.",
        discussion: """
            An instance is starting, ready, draining (it finishes its calls and takes no new ones) or stopping. One that is \
            "ready, silent" did not answer when it was last asked, and gets no calls until it does.

            EXAMPLES
              lever ps                  the instances of all services of the host
              lever ps helloService     those of one service
            """)

    @Argument(help: "Only the instances of this service: <service> or <environment>/<service>.")
    var service: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let only = try service.map { try connection.service($0) }
            let admin = try connection.admin(only?.environment)
            let instances = try await Interrupt.cancelling {
                if let only { try await admin.instances(of: only) } else { try await admin.instances() }
            }
            try output.print(instances, nothing: "no instances: they are started when calls come") { instances in
                Table(
                    [
                        .text("INSTANCE"), .text("SERVICE"), .number("VERSION"), .text("STATE"), .number("CALLS"),
                        .number("RESOURCES"), .number("AGE"),
                    ],
                    instances.map { instance in
                        [
                            instance.instance, "\(instance.environment)/\(instance.service)", "\(instance.version)",
                            instance.responsive || instance.state == "starting"
                                ? instance.state : instance.state + ", silent",
                            "\(instance.calls)", "\(instance.resources)", TimeText.age(instance.age),
                        ]
                    })
            }
        }
    }
}

/// `lever drain`: ends one instance in order.
struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Ends one instance once its calls have ended and its resources have moved.",
        discussion: """
            The command returns at once; lever ps shows the instance draining until it is gone. Where it is needed, another \
            one takes its place.

            EXAMPLES
              lever drain helloService helloService-3-1-2
            """)

    @Argument(help: "The service: <service> or <environment>/<service>.")
    var service: String

    @Argument(help: "The instance, as lever ps names it.")
    var instance: String

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let id = try connection.service(service)
            let admin = try connection.admin(id.environment)
            try await Interrupt.cancelling { try await admin.drain(InstanceID(instance), of: id) }
            Terminal.output.print("instance \(instance) of \(id) drains")
        }
    }
}
