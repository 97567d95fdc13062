import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import LeverService
import LeverTesting
import Logging
import ServiceLifecycle
import Synchronization
import Testing

// docs/drivers.md and "Writing a driver", of LeverRuntime.

/// Runs instances as tasks of this process, each behind a unix socket of its own.
final class TaskDriver: ContainerDriver {
    let name = "task"
    private let directory: String
    private let service: ServiceDefinition
    /// `nil` once the driver is shut down.
    private let instances = Mutex<[TaskInstance]?>([])

    init(directory: String, _ service: ServiceDefinition) {
        self.directory = directory
        self.service = service
    }

    func prepare() async throws {}

    func mayNeedPort(_ specification: InstanceSpecification) -> Bool { false }

    func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        let instance = TaskInstance(specification.id, service, path: "\(directory)/\(specification.id).sock")
        let runs = instances.withLock { instances in
            instances?.removeAll { $0.hasEnded }
            instances?.append(instance)
            return instances != nil
        }
        guard runs else {
            instance.terminate(grace: .zero)
            throw RuntimeError(.driver, "the driver of instance \(specification.id) was shut down")
        }
        return instance
    }

    func shutdown() async {
        let left = instances.withLock { instances in
            defer { instances = nil }
            return instances ?? []
        }
        for instance in left { instance.terminate(grace: .zero) }
        for instance in left { _ = await instance.exit() }
    }
}

/// An instance of a ``TaskDriver``.
final class TaskInstance: DriverInstance {
    let id: InstanceID
    let output: OutputLog
    private let path: String
    private let group: ServiceGroup
    private let task: Task<InstanceExit, Never>
    private let state: State

    /// What the task says of itself.
    private final class State: Sendable {
        let hasEnded = Atomic(false)
    }

    var hasEnded: Bool { state.hasEnded.load(ordering: .acquiring) }

    init(_ id: InstanceID, _ definition: ServiceDefinition, path: String) {
        var configuration = LeverService.Configuration.defaults
        configuration.address = "unix:\(path)"
        let service = LeverService(definition, configuration: configuration)
        let group = ServiceGroup(services: [service], logger: Logger(label: "instance"))
        let output = OutputLog()
        let state = State()
        self.id = id
        self.path = path
        self.output = output
        self.group = group
        self.state = state
        task = Task {
            var exit = InstanceExit.code(0)
            do {
                try await group.run()
            } catch {
                output.append("\(error)\n", at: Date().timeIntervalSince1970)
                exit = .code(1)
            }
            if Task.isCancelled { exit = .signal(9) }
            output.end()
            state.hasEnded.store(true, ordering: .releasing)
            return exit
        }
    }

    func listening() async throws -> InstanceAddress {
        while !FileManager.default.fileExists(atPath: path) {
            if hasEnded { throw RuntimeError(.driver, "instance \(id) listens nowhere: \(await exit())") }
            try await Task.sleep(for: .milliseconds(5))
        }
        return InstanceAddress(.unix(path: path))
    }

    func exit() async -> InstanceExit { await task.value }

    func terminate(grace: Duration) {
        guard grace > .zero else { return task.cancel() }
        Task {
            await group.triggerGracefulShutdown()
            try? await Task.sleep(for: grace)
            // Does nothing where it has ended by then.
            task.cancel()
        }
    }
}

@Suite struct TaskDriverTests {
    @Test func aHostRunsServicesWithIt() async throws {
        try await withHost { client, driver in
            let hello = try client.service("dev.lever", "hello")
            #expect(try await hello.invoke("SayHello", "world", as: String.self) == "Hello, world!")
            let admin = client.admin()
            let first = try #require(try await admin.instances(of: hello.id).first)
            try await admin.drain(first.id, of: hello.id)
            #expect(try await hello.invoke("SayHello", "again", as: String.self) == "Hello, again!")
        }
    }

    @Test func aDriverThatIsShutDownStartsNothing() async throws {
        let driver = TaskDriver(directory: "/tmp", Readme.Hello.service)
        await driver.shutdown()
        let specification = InstanceSpecification(
            id: InstanceID("hello-1"), service: ServiceID(environment: .default, service: try ServiceName("hello")),
            version: 1, codeDirectory: "/", manifest: Manifest(name: try ServiceName("hello")))
        let error = await #expect(throws: RuntimeError.self) { _ = try await driver.start(specification) }
        #expect(error?.message == "the driver of instance hello-1 was shut down")
    }

    private func withHost(_ body: (LeverClient, TaskDriver) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lever-\(UUID())")
        let code = folder.appending(path: "hello")
        try FileManager.default.createDirectory(at: code, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(#"{"name": "hello"}"#.utf8).write(to: code.appending(path: "lever.json"))
        let driver = TaskDriver(directory: folder.path(), Readme.Hello.service)

        var extensions = LeverHost.Extensions()
        extensions.driver = driver
        let host = try LeverHost(configuration: Self.configuration, extensions: extensions)
        try await withThrowingTaskGroup { group in
            group.addTask { try await host.run() }
            let client = LeverClient(transport: host.client)
            _ = try await client.deploy(code.path(), to: .default)
            try await body(client, driver)
            group.cancelAll()
        }
    }

    private static var configuration: LeverHost.Configuration {
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        return configuration
    }
}

// The conformance suites.

typealias MyDriver = ProcessDriver
typealias MyCatalog = InMemoryCatalog

@Test(arguments: CatalogConformance.checks)
func keepsTheContract(check: ConformanceCheck<any Catalog>) async throws {
    try await check.run(on: MyCatalog())
}

@Test(arguments: DriverConformance.checks)
func driverKeepsTheContract(check: ConformanceCheck<any ContainerDriver>) async throws {
    try await check.run(on: MyDriver())
}

@Test func allChecksInOneCall() async throws {
    try await CatalogConformance.run { MyCatalog() }
}
