internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever deploy`: packs a directory and makes it a service's live version.
struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Deploys the service in a directory.",
        discussion: """
            The directory holds the service's lever.json. Where that has "build", a command and its arguments, it is run first. \
            Where it has "files", only these are sent beside it; otherwise everything but .git and what .leverignore names, \
            with the patterns of a .gitignore. The command returns once the new version answers calls; where it does not start, the old version \
            stays live.

            EXAMPLES
              lever deploy                      the directory you are in, to dev.lever
              lever deploy dev.lever            the same
              lever deploy ./hello              another directory
              lever deploy shop.example.com .   another environment
            """)

    @Argument(help: "The environment, by default dev.lever; a single argument that is a directory is the directory.")
    var environment: String?

    @Argument(help: "The directory, by default the one you are in.")
    var directory: String?

    @Flag(help: "Deploys what is there, without running the manifest's \"build\".")
    var noBuild = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let destination = try DeployDestination(
                [environment, directory].compactMap { $0 }, defaultEnvironment: connection.defaultEnvironment(),
                isDirectory: FileSystem.isDirectory, isService: { FileSystem.exists("\($0)/lever.json") })
            let client = try connection.client(for: destination.environment)
            if !noBuild, let build = try BuildCommand(in: destination.directory) {
                // It may take long: that there is no host is said before.
                try await Self.reach(client)
                try await build.run()
            }
            let display = DeployDisplay()
            let deployment: Deployment
            do {
                deployment = try await client.deploy(
                    destination.directory, to: destination.environment, progress: display.show)
            } catch {
                display.finish()
                throw (error as? RemoteError).map { CommandFailure.deployment($0) } ?? error
            }
            display.finish()
            Terminal.output.print(display.summary(of: deployment))
        }
    }

    /// Asks the host something.
    ///
    /// - Throws: `RPCError` where it cannot be reached; whatever else it says counts for nothing.
    private static func reach(_ client: LeverClient) async throws {
        do {
            _ = try await client.admin().environments()
        } catch let error as RPCError where error.reason == .unreachable {
            throw error
        } catch {}
    }
}

/// What the arguments of `lever deploy` mean.
struct DeployDestination: Equatable {
    let environment: EnvironmentName
    let directory: String

    /// Takes the arguments apart: a single one that is a directory is the directory.
    init(
        _ places: [String], defaultEnvironment: EnvironmentName, isDirectory: (String) -> Bool,
        isService: (String) -> Bool
    ) throws {
        switch places.count {
        case 0: (environment, directory) = (defaultEnvironment, ".")
        case 1 where isDirectory(places[0]): (environment, directory) = (defaultEnvironment, places[0])
        case 1 where places[0].contains("/") || places[0] == "~":
            throw CommandFailure(.usage, "there is no directory \(places[0])")
        case 1:
            (environment, directory) = (try Self.environment(places[0]), ".")
            guard isService(".") else {
                throw CommandFailure(
                    .usage, "there is no directory \(places[0]), and the one you are in has no lever.json",
                    hint: "A name alone that is no directory is an environment; the directory comes after it.")
            }
        default:
            guard isDirectory(places[1]) else {
                throw CommandFailure(
                    .usage, "there is no directory \(places[1])",
                    hint: isDirectory(places[0])
                        ? "The environment comes first: lever deploy \(places[1]) \(places[0])" : nil)
            }
            (environment, directory) = (try Self.environment(places[0]), places[1])
        }
    }

    private static func environment(_ text: String) throws -> EnvironmentName {
        do throws(RPCError) {
            return try EnvironmentName(text)
        } catch {
            throw CommandFailure(.usage, "\(error.message), and there is no directory of that name")
        }
    }
}
