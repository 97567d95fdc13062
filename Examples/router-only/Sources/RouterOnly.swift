import ArgumentParser
import LeverRouter
import Logging
import ServiceLifecycle

/// The data path without a host: whoever starts it says where the instances are.
@main struct RouterOnly: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "router-only", abstract: "Balances calls over instances that run elsewhere.",
        discussion: "router-only --listen 127.0.0.1:8080 dev.lever/hello=127.0.0.1:9001,unix:/tmp/hello.sock")

    @Option(help: "Where calls come in.")
    var listen = "127.0.0.1:8080"

    @Argument(help: "<environment>/<service>=<address>,<address>…")
    var services: [String]

    func run() async throws {
        var table = RoutingTable()
        for service in services {
            let parts = service.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw ValidationError("\"\(service)\" has no addresses") }
            try table.set(String(parts[0]), at: parts[1].split(separator: ",").map(String.init))
        }
        var configuration = RouterServer.Configuration.defaults
        configuration.listen = listen
        let logger = Logger(label: "router-only")
        let router = try RouterServer(configuration: configuration, table: table, logger: logger)
        let group = ServiceGroup(
            services: [router], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        async let running: Void = group.run()
        print("listening on \(try await router.address)")
        try await running
    }
}
