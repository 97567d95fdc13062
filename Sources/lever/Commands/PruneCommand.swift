internal import ArgumentParser
internal import LeverClient

/// `lever prune`: removes what no version needs any more.
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Removes what no version needs any more: images, networks.",
        discussion: """
            What that is, the host's driver knows: with Docker the images that it fetched and the networks that it made. With \
            local processes there is nothing.

            EXAMPLES
              lever prune
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let admin = try connection.admin()
            let removed = try await Interrupt.cancelling { try await admin.prune() }
            try output.print(removed, nothing: "nothing to remove") { removed in
                Table([.text("REMOVED")], removed.map { [$0] })
            }
        }
    }
}
