import LeverCore
import LeverRouter
import LeverTransport
import Logging
import NIOCore

/// The gateways that instances call through: one port on loopback for each environment, which is how the host knows where a
/// call comes from. Between processes of one user that is no security boundary.
actor InternalGateways {
    private let router: Router
    private let group: any EventLoopGroup
    private let configuration: ListenerConfiguration
    private let logger: Logger
    private var listeners: [EnvironmentName: Listener] = [:]
    private var isClosed = false

    init(router: Router, group: any EventLoopGroup, configuration: ListenerConfiguration, logger: Logger) {
        self.router = router
        self.group = group
        self.configuration = configuration
        self.logger = logger
    }

    /// `host:port` of an environment's gateway, which is made where there is none yet.
    ///
    /// - Throws: ``RuntimeError`` where no port can be had, or the host is stopping.
    func address(of environment: EnvironmentName) async throws -> String {
        if let known = listeners[environment] { return "\(known.localAddress)" }
        let made = try await Listener.start(
            on: .tcp(host: "127.0.0.1", port: 0), group: group,
            acceptor: RouterAcceptor(router: router, environment: environment),
            configuration: configuration, logger: logger)
        // Another call may have made one meanwhile, or the host have ended.
        if let known = listeners[environment] {
            await made.drain(within: .zero)
            return "\(known.localAddress)"
        }
        guard !isClosed else {
            await made.drain(within: .zero)
            throw RuntimeError(.stopped, "the host is stopping")
        }
        listeners[environment] = made
        logger.debug(
            "internal gateway listens",
            metadata: ["lever.environment": "\(environment)", "lever.address": "\(made.localAddress)"])
        return "\(made.localAddress)"
    }

    /// Ends the gateway of an environment that is gone. One that comes back gets another.
    func close(_ environment: EnvironmentName) async {
        await listeners.removeValue(forKey: environment)?.drain(within: .zero)
    }

    /// Ends all gateways; nothing is called through them any more.
    func close() async {
        isClosed = true
        let all = listeners.values
        listeners = [:]
        for listener in all { await listener.drain(within: .zero) }
    }
}
