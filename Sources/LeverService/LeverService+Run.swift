internal import LeverCore
internal import LeverTransport
internal import Logging
internal import NIOPosix
public import ServiceLifecycle
internal import UnixSignals

extension LeverService: Service {
    /// Listens and answers calls until the service group shuts down gracefully, then lets the calls in progress end; or until
    /// the task is cancelled.
    ///
    /// - Throws: `RuntimeError` where the configuration is unusable or the address cannot be taken.
    public func run() async throws {
        try configuration.validate()
        var bounds = RPCServerConfiguration()
        bounds.grpc.handlersRunOnGlobalExecutor = configuration.methodsMayBlock
        bounds.grpc.maximumMessageLength = configuration.maximumMessageLength
        let handler = ServiceHandler(definition, logger: logger)
        let server = try await RPCServer.start(
            on: configuration.listenAddress(), handler: handler, group: MultiThreadedEventLoopGroup.singleton,
            configuration: bounds, logger: logger)
        do {
            try await gracefulShutdown()
        } catch {
            // Cancelled: there is no time left.
            await server.drain(within: .zero)
            return
        }
        await server.drain(within: configuration.drainTimeout)
        await handler.closeResources()
    }

    /// Runs the service until the process gets SIGTERM or SIGINT, then lets the calls in progress end and returns.
    ///
    /// - Throws: `RuntimeError` where the configuration is unusable or the address cannot be taken.
    public func serve() async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: self, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
