import LeverCore
import LeverRouter
import LeverTransport
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import LeverRuntime

/// A supervisor with a router, a catalog in memory and servers as instances.
final class SupervisorHarness: Sendable {
    static let service = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.

    let driver: ServerDriver
    let catalog: any Catalog
    let router: Router
    let supervisor: Supervisor

    private init(_ driver: ServerDriver, _ catalog: any Catalog, _ router: Router, _ supervisor: Supervisor) {
        self.driver = driver
        self.catalog = catalog
        self.router = router
        self.supervisor = supervisor
    }

    /// Runs a test with a supervisor, and ends all of it.
    static func with(
        catalog: (any Catalog)? = nil, container: (any ContainerDriver)? = nil, startTimeout: Duration = .seconds(15),
        idleTimeout: Duration = .seconds(300),
        waitingCalls: Int = 1_000, _ change: (inout SupervisorBounds) -> Void = { _ in },
        _ body: @Sendable (SupervisorHarness) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let driver = ServerDriver(group)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var configuration = RouterConfiguration()
        configuration.waiting.callsPerService = waitingCalls
        let router = try await Router(group: group, configuration: configuration, logger: logger)
        router.update { $0.add(.default) }
        let catalog = catalog ?? InMemoryCatalog()
        var bounds = SupervisorBounds()
        bounds.terminationGrace = .milliseconds(200)
        bounds.life.shutdownTimeout = .milliseconds(500)
        bounds.life.instanceStartTimeout = startTimeout
        bounds.scaling.idleTime = idleTimeout
        bounds.scaling.maxIdleTime = idleTimeout * 2
        bounds.scalingInterval = .milliseconds(50)
        change(&bounds)
        let supervisor = Supervisor(
            context: SupervisorContext(
                driver: container ?? driver, catalog: catalog, router: router, eventLoopGroup: group,
                gateway: { _ in "127.0.0.1:9" },
                bounds: bounds, term: 1, logger: logger))
        let harness = SupervisorHarness(driver, catalog, router, supervisor)
        let result: Result<Void, any Error> = await withTaskGroup { tasks in
            tasks.addTask { await supervisor.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(harness)) } catch { result = .failure(error) }
            supervisor.shutdown()
            return result
        }
        #expect(driver.alive.isEmpty, "an instance outlived its supervisor")
        await driver.shutdown()
        router.close()
        try await group.shutdownGracefully()
        try result.get()
    }

    /// Deploys a version whose number is added to the catalog first.
    func deploy(_ version: Int? = nil, spares: Int = 0) async throws -> Int {
        let number = try await catalog.reserveVersion(Self.service)
        let manifest = Manifest(name: Self.service.service, spares: spares)
        try await catalog.addVersion(
            VersionRecord(number: number, manifest: manifest, packageDigest: "", packageSize: 0, uploadedAt: 0),
            to: Self.service)
        try await supervisor.deploy(
            RunnableVersion(number: number, manifest: manifest, codeDirectory: "/nowhere"), of: Self.service)
        return number
    }

    /// Calls a method; gives the version that answered.
    func call(_ method: String = "Version") async throws -> Int? {
        let transport = try await router.transport(caller: Caller(environment: nil, isLocal: true))
        let url = try LeverURL("lever://dev.lever/hello/\(method)")
        guard case .result(let value) = try await transport.call(CallContext(url: url), .values([])) else { return nil }
        return value.intValue
    }

    /// Waits for a condition, up to ten seconds.
    func wait(_ what: Comment, until condition: () async throws -> Bool) async throws {
        for _ in 0..<2_000 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("never came: \(what)")
    }
}
