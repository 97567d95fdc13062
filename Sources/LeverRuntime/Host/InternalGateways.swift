import LeverCore
import LeverRouter
import LeverTransport
import Logging
import NIOCore

/// The gateways that instances call through, of each environment its own, which is how the host knows where a call comes from.
/// The driver says where they listen: it knows how its instances reach the host, and how to keep others from it.
actor InternalGateways {
    private struct Gateway {
        var listeners: [Listener]
        /// `host:port`, for programs that know nothing else; `nil` where the driver has unix sockets alone.
        var address: String?
    }

    private let router: Router
    private let driver: any ContainerDriver
    private let group: any EventLoopGroup
    private let configuration: ListenerConfiguration
    private let logger: Logger
    /// Those that are there, and those that are being made, by where they listen.
    private var gateways: [EnvironmentName: [[InstanceAddress.Endpoint]: Task<Gateway, any Error>]] = [:]
    private var isClosed = false

    init(
        router: Router, driver: any ContainerDriver, group: any EventLoopGroup, configuration: ListenerConfiguration,
        logger: Logger
    ) {
        self.router = router
        self.driver = driver
        self.group = group
        self.configuration = configuration
        self.logger = logger
    }

    /// `host:port` of the gateway for an instance, which is made where there is none yet.
    ///
    /// - Throws: `RuntimeError` where no address can be had, or the host is stopping.
    func address(for specification: InstanceSpecification) async throws -> String? {
        let environment = specification.service.environment
        let places = try await driver.gatewayEndpoints(for: specification)
        guard !isClosed else { throw RuntimeError(.stopped, "the host is stopping") }
        if let known = gateways[environment]?[places] { return try await known.value.address }
        let task = Task { try await make(environment, places) }
        gateways[environment, default: [:]][places] = task
        do {
            return try await task.value.address
        } catch {
            // The next instance asks again: what is missing may be there by then.
            if gateways[environment]?[places] == task { gateways[environment]?[places] = nil }
            throw error
        }
    }

    /// Ends the gateways of an environment that is gone. One that comes back gets others.
    func close(_ environment: EnvironmentName) async {
        for gateway in gateways.removeValue(forKey: environment)?.values.map(\.self) ?? [] { await end(gateway) }
    }

    /// Ends all gateways; nothing is called through them any more.
    func close() async {
        isClosed = true
        let all = gateways.values.flatMap(\.values)
        gateways = [:]
        for gateway in all { await end(gateway) }
    }

    private func end(_ gateway: Task<Gateway, any Error>) async {
        guard let made = try? await gateway.value else { return }
        for listener in made.listeners { await listener.drain(within: .zero) }
    }

    private func make(_ environment: EnvironmentName, _ places: [InstanceAddress.Endpoint]) async throws -> Gateway {
        var made = Gateway(listeners: [])
        do {
            for place in places {
                var configuration = configuration
                // Instances in containers are other users; the directory of the socket keeps the rest of the machine out.
                configuration.socketMode = 0o666
                // An engine may make an environment's bridge for the first container in it.
                configuration.mayPrecedeAddress = true
                let listener = try await listen(on: place, environment, configuration)
                made.listeners.append(listener)
                if case .tcp = place { made.address = "\(listener.localAddress)" }
            }
        } catch {
            for listener in made.listeners { await listener.drain(within: .zero) }
            throw error
        }
        logger.debug(
            "internal gateway listens",
            metadata: [
                "lever.environment": "\(environment)",
                "lever.address": "\(made.listeners.map { "\($0.localAddress)" }.joined(separator: " "))",
            ])
        return made
    }

    private func listen(
        on place: InstanceAddress.Endpoint, _ environment: EnvironmentName, _ configuration: ListenerConfiguration
    ) async throws -> Listener {
        func listen(_ place: InstanceAddress.Endpoint) async throws -> Listener {
            try await Listener.start(
                on: TransportAddress(place), group: group,
                acceptor: RouterAcceptor(router: router, environment: environment), configuration: configuration,
                logger: logger)
        }
        // A port is a wish, such as that of an earlier run: whoever is told of the gateway is told which it became.
        guard case .tcp(let host, let port) = place, port != 0 else { return try await listen(place) }
        do {
            return try await listen(place)
        } catch let error as RuntimeError where error.code == .bindFailed {
            return try await listen(.tcp(host: host, port: 0))
        }
    }
}
