import LeverClient
import LeverCore
import LeverRouter
import LeverRuntime
import LeverService
import Logging
import ServiceLifecycle
import UnixSignals

// docs/embedding.md, and the catalogues of LeverRuntime and LeverRouter.
enum EmbeddingSamples {
    static func inAGroup(_ webServer: some Service, _ logger: Logger) async throws {
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:8080"
        configuration.dataDirectory = "/var/lib/shop"  // nil: everything is in memory
        let host = try LeverHost(configuration: configuration, logger: logger)
        let client = LeverClient(transport: host.client)
        let group = ServiceGroup(
            services: [host, webServer], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
        _ = client
    }

    static func register(_ clock: LeverService, _ host: LeverHost) async throws {
        try await host.register("dev.lever/clock", clock.handler(), description: "tells the time")
        print(try await host.address)
        try await host.unregister("dev.lever/clock")
    }

    static func extend(_ configuration: LeverHost.Configuration, _ hello: LeverService) throws -> LeverHost {
        var extensions = LeverHost.Extensions()
        extensions.driver = InProcessDriver { _ in hello.handler() }  // ContainerDriver: what starts instances
        extensions.catalog = InMemoryCatalog()  // Catalog: what remembers services
        extensions.balancer = PowerOfTwoChoices()  // LoadBalancer: instances for calls without a resource
        extensions.placement = RendezvousPlacement()  // ResourcePlacement: instances for resources
        extensions.makePolicy = { service in OnePerChannel() }  // ScalingPolicy: how many instances a service has
        let host = try LeverHost(configuration: configuration, extensions: extensions)
        return host
    }

    static func route(_ logger: Logger) async throws {
        var table = RoutingTable()
        try table.set("dev.lever/hello", at: ["10.0.0.5:9001", "unix:/run/hello-2.sock"])
        try table.set("dev.lever/ledger", at: ["10.0.0.7:9100"], isPrivate: true)

        var configuration = RouterServer.Configuration.defaults
        configuration.listen = "0.0.0.0:8080"
        configuration.gateways = [.default: "10.0.0.1:8081"]  // calls from here are the environment's own
        let router = try RouterServer(configuration: configuration, table: table, logger: logger)
        try await ServiceGroup(services: [router], gracefulShutdownSignals: [.sigterm], logger: logger).run()

        try router.update { try $0.set("dev.lever/hello", at: ["10.0.0.6:9001"]) }
    }

    static func routeSimply() async throws {
        var table = RoutingTable()
        try table.set("dev.lever/hello", at: ["127.0.0.1:9001", "127.0.0.1:9002"])
        let router = try RouterServer(table: table)
        try await router.run()
    }
}

/// One instance for each channel that is open.
struct OnePerChannel: ScalingPolicy {
    mutating func decide(_ sample: ScalingSample) -> ScalingDirective {
        // Also where the measurement is no number.
        let needed = sample.bounds.instances(for: sample.channels * sample.bounds.maxInstanceLoad)
        return ScalingDirective(desired: sample.bounds.clamped(needed), reason: "one for each channel")
    }
}
