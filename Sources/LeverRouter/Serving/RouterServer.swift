public import LeverCore
import LeverTransport
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// The data path alone: calls come in, and go to the instances that a ``RoutingTable`` names. There is no catalog, no driver and
/// no administration; whoever has the router keeps the table.
///
/// It speaks gRPC over HTTP/2, as a host's front does; the HTTP API is a host's alone. Calls are balanced over a service's
/// instances, tried elsewhere where one certainly did not begin them, bounded in time and number. A call that names a resource
/// goes where the placement says, by default to the same instance as long as the table stays the same; but nothing is told of
/// that (`NewResource` and `CloseResource` are not called, there are no epochs), and a change of the table may bring two
/// instances to act for one resource: hosts alone give that guarantee.
///
/// Life cycle: made, then ``run()`` once, alone or in a `ServiceGroup`; it returns after a graceful shutdown, in which calls in
/// progress get ``Configuration/shutdownTimeout``, or when its task is cancelled, which ends them at once.
///
/// ```swift
/// var table = RoutingTable()
/// try table.set("dev.lever/hello", at: ["127.0.0.1:9001", "127.0.0.1:9002"])
/// let router = try RouterServer(table: table)
/// try await ServiceGroup(services: [router], gracefulShutdownSignals: [.sigterm], logger: logger).run()
/// ```
public final class RouterServer: Service {
    /// What it was told.
    public let configuration: Configuration
    private let balancer: (any LoadBalancer)?
    private let logger: Logger
    private let keeper: TableKeeper
    private let budget: BufferBudget
    private let start = ServerStart()

    /// Makes a router; nothing runs before ``run()``.
    ///
    /// - Parameters:
    ///   - configuration: Where it listens, and every bound.
    ///   - table: The services, to begin with.
    ///   - balancer: Chooses the instances of calls that name no resource; `nil` for the less loaded of two.
    ///   - placement: Chooses the instances of calls that name a resource; asked for each, among the instances that have not
    ///     failed it. Its candidates' ids depend on service and address alone.
    ///   - logger: Where it writes.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`.
    public init(
        configuration: Configuration = .defaults, table: RoutingTable = RoutingTable(),
        balancer: (any LoadBalancer)? = nil, placement: any ResourcePlacement = RendezvousPlacement(),
        logger: Logger = Logger(label: "lever.router")
    ) throws {
        try configuration.validate()
        try table.validate()
        self.configuration = configuration
        self.balancer = balancer
        self.logger = logger
        keeper = TableKeeper(table, placement: placement)
        budget = BufferBudget(limit: configuration.bufferedBytes)
    }

    /// The table as it stands.
    public var table: RoutingTable { keeper.table }

    /// Changes the table; calls that come in afterwards go by the new one. Calls in progress stay where they are, at instances
    /// that have left the table, too.
    ///
    /// - Throws: what `change` throws, and `RuntimeError` with `RuntimeError.Code.invalidConfiguration` where the table
    ///   makes no sense then; it stays as it was.
    public func update(_ change: (inout RoutingTable) throws -> Void) throws {
        try keeper.update(change)
    }

    /// Where calls from outside come in, with the port that was given to it; waits until they do. Empty where it does not listen.
    ///
    /// - Throws: why it could not start; `RuntimeError` with `RuntimeError.Code.stopped` once it has ended.
    public var address: String {
        get async throws { try await start.value().address }
    }

    /// Where calls of an environment's services come in; `nil` where it has no gateway. Waits and throws as ``address``.
    public func gatewayAddress(of environment: EnvironmentName) async throws -> String? {
        try await start.value().gateways[environment]
    }

    /// Calls services from the program that the router lives in, without a connection to the router: give it to a `LeverClient`.
    /// The program counts as a caller from outside. Calls wait until the router has started.
    public var client: any RPCTransport { ServerClient(start, caller: Caller(environment: nil, isLocal: true)) }

    /// As ``client``, for a program that belongs to an environment: private services of that answer it.
    public func client(in environment: EnvironmentName) -> any RPCTransport {
        ServerClient(start, caller: Caller(environment: environment, isLocal: true))
    }

    /// Runs the router until it is shut down gracefully or cancelled.
    ///
    /// - Throws: `RuntimeError` where an address cannot be listened on.
    public func run() async throws {
        guard start.begin() else { throw RuntimeError(.stopped, "a router can be run only once") }
        defer { start.finish(.failure(RuntimeError(.stopped, "the router has ended"))) }
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads ?? System.coreCount)
        do {
            try await run(threads)
        } catch {
            start.finish(.failure(error))
            try? await threads.shutdownGracefully()
            throw error
        }
        try await threads.shutdownGracefully()
    }

    private func run(_ threads: MultiThreadedEventLoopGroup) async throws {
        var endpoints = EndpointConfiguration()
        endpoints.http2.budget = budget
        let router = try await Router(
            group: threads, configuration: configuration.calls, balancer: balancer, endpoints: endpoints,
            logger: logger)
        var listeners: [Listener] = []
        do {
            var gateways: [EnvironmentName: String] = [:]
            for (environment, address) in configuration.gateways {
                let listener = try await listen(on: address, router, environment, threads)
                listeners.append(listener)
                gateways[environment] = "\(listener.localAddress)"
            }
            keeper.begin(router, gateways: gateways)
            var address = ""
            if let text = configuration.listen {
                let front = try await listen(on: text, router, nil, threads)
                listeners.append(front)
                address = "\(front.localAddress)"
                logger.info("router listens", metadata: ["lever.address": "\(address)"])
            }
            start.finish(.success(ServerStart.Started(address: address, router: router, gateways: gateways)))
        } catch {
            for listener in listeners { await listener.drain(within: .zero) }
            router.close()
            throw error
        }
        // Cancelled: the same end, in a hurry.
        try? await gracefulShutdown()
        logger.info("router ends")
        start.end()
        await withTaskGroup { group in
            for listener in listeners {
                group.addTask { await listener.drain(within: self.configuration.shutdownTimeout) }
            }
        }
        router.close()
    }

    private func listen(
        on text: String, _ router: Router, _ environment: EnvironmentName?, _ threads: MultiThreadedEventLoopGroup
    ) async throws -> Listener {
        guard let address = TransportAddress(text) else {
            throw RuntimeError(.invalidConfiguration, "\"\(text)\" is no address to listen on")
        }
        return try await Listener.start(
            on: address, group: threads, acceptor: RouterAcceptor(router: router, environment: environment),
            configuration: configuration.listener(budget, isGateway: environment != nil), logger: logger)
    }
}
