public import LeverCore
import LeverNode
import LeverRouter
import LeverTransport
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// A host: services are deployed to it, and called through it.
///
/// Life cycle: made, then ``run()`` once, alone or in a `ServiceGroup`; it returns after a graceful shutdown, in which calls in
/// progress get ``Configuration/shutdownTimeout``, or when its task is cancelled, which ends everything at once. Any number
/// of hosts can live in one process, each with a data directory of its own.
///
/// ```swift
/// var configuration = LeverHost.Configuration.defaults
/// configuration.listen = "127.0.0.1:0"
/// let host = try LeverHost(configuration: configuration)
/// try await withThrowingTaskGroup { group in
///     group.addTask { try await host.run() }
///     print("listening on \(try await host.address)")
///     try await group.next()
/// }
/// ```
public final class LeverHost: Service {
    /// What it was told.
    public let configuration: Configuration
    private let extensions: Extensions
    let logger: Logger
    /// What all connections of the host hold of other people's bytes.
    let budget: BufferBudget
    let start = ServerStart()
    let services = InProcessServices()

    /// Makes a host; nothing runs before ``run()``.
    ///
    /// - Parameters:
    ///   - configuration: Where it listens, where its data is, and every bound.
    ///   - extensions: Parts that take the place of the host's own.
    ///   - logger: Where it writes.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`.
    public init(
        configuration: Configuration = .defaults, extensions: Extensions = Extensions(),
        logger: Logger = Logger(label: "lever.host")
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        self.extensions = extensions
        self.logger = logger
        budget = BufferBudget(limit: configuration.calls.bufferedBytes)
    }

    /// Where the host listens, with the port that it was given; waits until it does.
    ///
    /// - Throws: why it could not start; `RuntimeError` with `RuntimeError.Code.stopped` once it has ended.
    public var address: String {
        get async throws { try await start.value().address }
    }

    /// Calls services from the program that the host lives in, without a network: give it to a `LeverClient`. The program counts
    /// as a caller from outside on the host's own machine, so it may deploy. Calls wait until the host has started.
    public var client: any RPCTransport { ServerClient(start, caller: Caller(environment: nil, isLocal: true)) }

    /// Runs the host until it is shut down gracefully or cancelled.
    ///
    /// - Throws: `RuntimeError` where it cannot start: the data directory is in use, the address is taken, an instance of an
    ///   earlier run cannot be ended.
    public func run() async throws {
        guard start.begin() else { throw RuntimeError(.stopped, "a host can be run only once") }
        defer { start.finish(.failure(RuntimeError(.stopped, "the host has ended"))) }
        do {
            let data = try DataDirectory(configuration.dataDirectory)
            defer { data.close() }
            let threads = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads ?? System.coreCount)
            do {
                try await run(data, threads)
            } catch {
                try? await threads.shutdownGracefully()
                throw error
            }
            try await threads.shutdownGracefully()
        } catch {
            start.finish(.failure(error))
            throw error
        }
    }

    private func run(_ data: DataDirectory, _ threads: MultiThreadedEventLoopGroup) async throws {
        let catalog = try extensions.catalog ?? catalog(data)
        let term = try await catalog.raiseTerm()
        let logs = try await logs(data, catalog)
        let driver = OutputArchive(try extensions.driver ?? processDriver(data), logs: logs)
        try await withThrowingTaskGroup { tasks in
            if let logs { tasks.addTask { await logs.run() } }
            // After the driver, whose instances have written their last by then.
            defer { logs?.end() }
            try await run(data, catalog, driver, term, threads)
        }
    }

    private func run(
        _ data: DataDirectory, _ catalog: any Catalog, _ driver: OutputArchive, _ term: Int,
        _ threads: MultiThreadedEventLoopGroup
    ) async throws {
        // Instances of a previous run are dead, or known with all that they hold, before anything of this one begins.
        let leftovers = try await driver.prepareAdopting()
        do {
            try await serve(data, catalog, driver, leftovers, term, threads)
        } catch {
            await driver.shutdown()
            throw error
        }
        await driver.shutdown()
    }

    private func serve(
        _ data: DataDirectory, _ catalog: any Catalog, _ driver: OutputArchive, _ leftovers: [Leftover], _ term: Int,
        _ threads: MultiThreadedEventLoopGroup
    ) async throws {
        let router = try await Router(
            group: threads, configuration: configuration.router, balancer: extensions.balancer,
            endpoints: configuration.endpoints(budget), logger: logger)
        let gateways = InternalGateways(
            router: router, driver: driver, group: threads, configuration: configuration.internalListener(budget),
            logger: logger)
        let supervisor = Supervisor(
            context: SupervisorContext(
                driver: driver, catalog: catalog, router: router, eventLoopGroup: threads,
                gateway: { try await gateways.address(for: $0) }, bounds: configuration.supervisor, term: UInt32(term),
                makePolicy: extensions.makePolicy, placement: extensions.placement ?? LeastLoadedPlacement(),
                events: EventLog(capacity: configuration.keptEvents), logger: logger))
        let packages = try PackageStore(directory: data, catalog: catalog, limits: configuration.uploads.limits)
        let sweep = try await packages.sweep()
        report(sweep)
        let claims = ServiceClaims()
        let environments = Administrator.Listener { name in
            router.update { $0.add(name) }
        } removed: { name in
            router.update { $0.remove(name) }
            await gateways.close(name)
        }
        let deployer = Deployer(
            catalog: catalog, packages: packages, supervisor: supervisor, claims: claims,
            bounds: configuration.uploads, logger: logger, environmentAdded: environments.added
        ) { service in
            Set(await supervisor.standing(of: service)?.instances.map(\.version) ?? [])
        }
        let administrator = Administrator(
            catalog: catalog, packages: packages, control: supervisor, archive: driver, claims: claims,
            environments: environments, logger: logger)
        let admin = AdminService(
            deployer: deployer, administrator: administrator, control: supervisor, archive: driver,
            catalog: catalog, logger: logger)
        try await publish(catalog, packages, admin, router, supervisor)
        try await adopt(leftovers, supervisor, sweep)
        try await services.start(
            InProcessServices.Parts(
                catalog: catalog, claims: claims, supervisor: supervisor, environmentAdded: environments.added))

        let front = try await listen(router, threads)
        start.finish(.success(ServerStart.Started(address: "\(front.localAddress)", router: router)))
        await withTaskGroup { tasks in
            tasks.addTask { await supervisor.run() }
            // Cancelled: the same end, in a hurry.
            try? await gracefulShutdown()
            logger.info("host ends", metadata: ["lever.connections": "\(front.connectionCount)"])
            start.end()
            await services.hostEnds()
            deployer.close()
            // Whoever follows the events or the logs is told that there will be no more, and does not hold the end up.
            supervisor.events.end()
            supervisor.shutdown()
            await front.drain(within: configuration.shutdownTimeout)
        }
        await services.end()
        // A deployment that the program around the host called is in no connection's hands.
        await deployer.waitUntilIdle()
        await gateways.close()
        router.close()
    }
}
