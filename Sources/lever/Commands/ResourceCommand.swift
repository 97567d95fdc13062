internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever resource`: where the resources of a service are.
struct ResourceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resource",
        abstract: "Lists, finds and moves the resources of a service.",
        discussion: """
            A resource is a text that sticks to one instance. It is active there from its first call on, until it has been \
            idle for a while.

            EXAMPLES
              lever resource ls chat
              lever resource ls --prefix room- --limit 1000 chat
              lever resource where chat lobby
              lever resource move chat lobby                    to another instance
              lever resource move chat lobby chat-3-1-2         to this one
            """,
        subcommands: [List.self, Where.self, Move.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists the resources that are on instances.")

        @Argument(help: "The service: <service> or <environment>/<service>.")
        var service: String

        @Option(help: "Only resources whose names begin so.")
        var prefix = ""

        @Option(help: "Only resources whose names come after this one.")
        var after: String?

        @Option(name: [.customShort("n"), .long], help: "How many at most.")
        var limit = 100

        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard limit >= 1 else { throw ValidationError("--limit is at least 1.") }
        }

        func run() async throws {
            try await CommandFailure.explaining(connection) {
                let id = try connection.service(service)
                let admin = try connection.admin(id.environment)
                let (prefix, start, limit) = (prefix, after, limit)
                let (resources, next) = try await Interrupt.cancelling {
                    var resources: [AdminClient.Resource] = []
                    var next = start
                    repeat {
                        let page = try await admin.resources(
                            of: id, prefix: prefix, after: next, limit: min(1_000, limit - resources.count))
                        resources += page.resources
                        next = page.next
                    } while next != nil && resources.count < limit
                    return (resources, next)
                }
                try output.print(resources, nothing: "no resources") { ResourceCommand.table($0) }
                if let next {
                    Terminal.error.print("there are more; go on with: --after '\(Table.printable(next))'")
                }
            }
        }
    }

    struct Where: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "where", abstract: "Says where a resource is.")

        @Argument(help: "The service: <service> or <environment>/<service>.")
        var service: String

        @Argument(help: "The resource.")
        var resource: String

        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await CommandFailure.explaining(connection) {
                let id = try connection.service(service)
                let admin = try connection.admin(id.environment)
                let name = resource
                let found = try await Interrupt.cancelling { try await admin.resource(name, of: id) }
                guard !output.json else { return try output.print(found) }
                Terminal.output.print(ResourceCommand.table([found]).text())
            }
        }
    }

    struct Move: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "move", abstract: "Moves a resource to another instance.",
            discussion: """
                Calls in progress finish where they are; new ones wait until the resource has moved. The command returns \
                once it has.
                """)

        @Argument(help: "The service: <service> or <environment>/<service>.")
        var service: String

        @Argument(help: "The resource.")
        var resource: String

        @Argument(help: "The instance, by default any but the one that it is on.")
        var instance: String?

        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await CommandFailure.explaining(connection) {
                let id = try connection.service(service)
                let admin = try connection.admin(id.environment)
                let (name, instance) = (resource, instance.map { InstanceID($0) })
                let moved = try await Interrupt.cancelling { try await admin.move(name, of: id, to: instance) }
                guard !output.json else { return try output.print(moved) }
                Terminal.output.print("resource \"\(name)\" of \(id) is on \(moved.instance ?? "no instance")")
            }
        }
    }

    private static func table(_ resources: [AdminClient.Resource]) -> Table {
        Table(
            [.text("RESOURCE"), .text("PHASE"), .text("INSTANCE"), .number("EPOCH"), .number("CALLS")],
            resources.map { resource in
                [
                    resource.resource, resource.phase, resource.instance ?? "-",
                    resource.epoch.map { "\($0)" } ?? "-", resource.calls.map { "\($0)" } ?? "-",
                ]
            })
    }
}
