import LeverCore
import LeverRouter
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LeverRuntime

/// An administration over a router, with a temporary store, and servers in this process as instances.
final class AdminHarness: Sendable {
    let router: Router
    let data: DataDirectory
    let catalog: InMemoryCatalog
    let driver: ServerDriver
    let supervisor: Supervisor
    let deployer: Deployer
    /// What the administration asks, in place of the supervisor.
    let control: FakeControl
    /// What instances wrote.
    let archive: OutputArchive
    /// Environments that were said to be gone.
    let removed: Order
    /// What instances are said to run, beside those that do.
    let running: Running

    /// Versions that the test calls running.
    final class Running: Sendable {
        private let state = Mutex<Set<Int>>([])
        var versions: Set<Int> {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    private init(
        _ router: Router, _ data: DataDirectory, _ catalog: InMemoryCatalog, _ driver: ServerDriver,
        _ supervisor: Supervisor, _ deployer: Deployer, _ control: FakeControl, _ archive: OutputArchive,
        _ removed: Order, _ running: Running
    ) {
        self.router = router
        self.data = data
        self.catalog = catalog
        self.driver = driver
        self.supervisor = supervisor
        self.deployer = deployer
        self.control = control
        self.archive = archive
        self.removed = removed
        self.running = running
    }

    /// Runs a test with an administration, and ends all of it.
    static func with(
        keepsLogs: Bool = false, _ change: (inout LeverHost.Configuration.Uploads) -> Void = { _ in },
        _ body: @Sendable (AdminHarness) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let router = try await Router(group: group, configuration: RouterConfiguration(), logger: logger)
        let data = try DataDirectory(nil)
        let catalog = InMemoryCatalog()
        var uploads = LeverHost.Configuration.Uploads()
        change(&uploads)
        let driver = ServerDriver(group)
        var bounds = SupervisorBounds()
        bounds.terminationGrace = .milliseconds(200)
        bounds.life.shutdownTimeout = .milliseconds(500)
        let supervisor = Supervisor(
            context: SupervisorContext(
                driver: driver, catalog: catalog, router: router, eventLoopGroup: group,
                gateway: { _ in nil }, bounds: bounds, term: 1, logger: logger))
        let running = Running()
        let packages = try PackageStore(directory: data, catalog: catalog, limits: uploads.limits)
        let claims = ServiceClaims()
        let deployer = Deployer(
            catalog: catalog, packages: packages, supervisor: supervisor, claims: claims, bounds: uploads,
            logger: logger
        ) { name in
            router.update { $0.add(name) }
        } runningVersions: { _ in
            running.versions
        }
        let control = FakeControl()
        let logs = keepsLogs ? try await InstanceLogs(data, services: [], logger: logger) : nil
        let archive = OutputArchive(driver, logs: logs)
        let removed = Order()
        let administrator = Administrator(
            catalog: catalog, packages: packages, control: control, archive: archive, claims: claims,
            environments: .init(
                added: { name in router.update { $0.add(name) } },
                removed: { name in
                    removed.add("\(name)")
                    router.update { $0.remove(name) }
                }),
            logger: logger)
        let admin = AdminService(
            deployer: deployer, administrator: administrator, control: control, archive: archive, catalog: catalog,
            logger: logger)
        router.update { snapshot in
            snapshot.add(.default)
            snapshot.add(.admin)
            snapshot.set(ServiceRoute(id: .admin, isPrivate: false, isLocalOnly: true, target: .inProcess(admin)))
        }
        let harness = AdminHarness(
            router, data, catalog, driver, supervisor, deployer, control, archive, removed, running)
        let result: Result<Void, any Error> = await withTaskGroup { tasks in
            tasks.addTask { await supervisor.run() }
            if let logs { tasks.addTask { await logs.run() } }
            let result: Result<Void, any Error>
            do { result = .success(try await body(harness)) } catch { result = .failure(error) }
            supervisor.shutdown()
            logs?.end()
            return result
        }
        await deployer.waitUntilIdle()
        await driver.shutdown()
        data.close()
        router.close()
        try await group.shutdownGracefully()
        try result.get()
    }

    /// Calls a method of the administration.
    func call(
        _ method: String, _ arguments: RPCArguments = .values([]), isLocal: Bool = true
    ) async throws -> RPCReply {
        try await router.transport(caller: Caller(environment: nil, isLocal: isLocal)).call(
            CallContext(url: try LeverURL("lever://admin.lever/admin/\(method)")), arguments)
    }

    /// Opens a channel to one.
    func open(
        _ method: String, _ arguments: RPCArguments = .values(["dev.lever"]), isLocal: Bool = true
    ) async throws -> any RPCChannel {
        try await router.transport(caller: Caller(environment: nil, isLocal: isLocal)).open(
            CallContext(url: try LeverURL("lever://admin.lever/admin/\(method)")), arguments)
    }

    /// Deploys a package; gives its version.
    @discardableResult
    func deploy(
        _ content: String, name: String = "hello", to environment: EnvironmentName = .default
    ) async throws -> Int {
        let package = Pieces([TestStore.package(content, name: name)])
        return try await deployer.deploy(to: environment, receive: package.next, report: { _ in }).version
    }

    /// The versions of the service `hello` that the catalog has.
    func versions() async throws -> [Int] {
        let id = ServiceID(environment: .default, service: try ServiceName("hello"))
        return try await catalog.service(id)?.versions.map(\.number) ?? []
    }

    /// A package on its way.
    private final class Pieces: Sendable {
        private let left: Mutex<[[UInt8]]>

        init(_ pieces: [[UInt8]]) { left = Mutex(pieces) }

        @Sendable func next() async throws -> [UInt8]? {
            left.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }
}
