internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever rollback`: lets an earlier version take over again.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Lets an earlier version of a service take over again.",
        discussion: """
            It goes as a deployment does: the version's instances are ready before they get calls, calls in progress finish, \
            and where it does not start, what was live stays live. lever versions shows which versions are kept.

            EXAMPLES
              lever rollback helloService       to the version that was live before
              lever rollback helloService 3     to version 3
            """)

    @Argument(help: "The service: <service> or <environment>/<service>.")
    var service: String

    @Argument(help: "The version, by default the one that was live before the present one.")
    var version: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let id = try connection.service(service)
            let admin = try connection.admin(id.environment)
            let (version, isQuiet) = (version, output.json)
            let live: Deployment
            do {
                live = try await Interrupt.cancelling {
                    try await admin.rollback(id, to: version) { event in
                        if !isQuiet, case .phase(let phase, let message) = event {
                            Terminal.error.print(message ?? phase)
                        }
                    }
                }
            } catch let error as RemoteError {
                throw CommandFailure(
                    .methodError, "the rollback failed: \(error.value?.stringValue ?? error.description)")
            }
            guard output.json else { return output.confirm("version \(live.version ?? 0) of \(id) is live") }
            try output.print(["version": live.version])
        }
    }
}

/// `lever versions`: the versions of a service that are kept.
struct VersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "Lists the versions of a service that are kept, and since when each was live last.")

    @Argument(help: "The service: <service> or <environment>/<service>.")
    var service: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let id = try connection.service(service)
            let admin = try connection.admin(id.environment)
            let versions = try await Interrupt.cancelling { try await admin.versions(of: id) }
            guard !output.json else { return try output.print(versions) }
            try output.print(versions.versions, nothing: "no versions") { rows in
                Table(
                    [.number("VERSION"), .text("LIVE"), .text("UPLOADED"), .number("SIZE"), .text("LIVE SINCE")],
                    rows.map { version in
                        let since = versions.history.first { $0.version == version.version }?.since
                        return [
                            "\(version.version)", version.live ? "yes" : "", TimeText.local(version.uploaded),
                            ProgressBar.size(version.size), since.map(TimeText.local) ?? "never",
                        ]
                    })
            }
        }
    }
}
