import LeverClient
import LeverCore
import LeverRuntime
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite("Embedding", .timeLimit(.minutes(1))) struct EmbeddingTests {
    /// The program of the README, line by line.
    @Test func programOfTheReadme() async throws {
        let data = try ServiceFolder()
        let hello = try ServiceFolder(name: "helloService", Scripts.hello("1"))

        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        configuration.dataDirectory = data.path
        let host = try LeverHost(configuration: configuration)
        try await withThrowingTaskGroup { group in
            group.addTask { try await host.run() }
            #expect(try await host.address.hasPrefix("127.0.0.1:"))
            let client = LeverClient(transport: host.client)
            let live = try await client.deploy(hello.path, to: .default)
            #expect(live.version == 1)
            let reply = try await client.service("dev.lever", "helloService").invoke(
                "SayHello", "Swift", as: String.self)
            #expect(reply == "Hello, Swift!")
            group.cancelAll()
        }
    }

    @Test func twoHostsInOneProcess() async throws {
        try await EmbeddedHost.with { first in
            try await EmbeddedHost.with { second in
                _ = try await first.deploy(Scripts.hello("first"))
                _ = try await second.deploy(Scripts.hello("second"))
                #expect(first.address != second.address)
                #expect(try await first.call("Version") == "first")
                #expect(try await second.call("Version") == "second")
            }
            #expect(try await first.call("Version") == "first")
        }
    }

    @Test func dataOutlivesTheHost() async throws {
        let data = try ServiceFolder()
        try await EmbeddedHost.with(data: data.path) { host in _ = try await host.deploy(Scripts.hello("kept")) }
        try await EmbeddedHost.with(data: data.path) { host in
            let version = try await host.call("Version")
            #expect(version == "kept")
        }
    }

    @Test func noDeploymentOutlivesTheHost() async throws {
        let data = try ServiceFolder()
        let channel = Mutex<LeverChannel?>(nil)
        try await EmbeddedHost.with(data: data.path) { host in
            let opened = try await host.client.open(
                LeverURL("lever://admin.lever/admin/DeployServiceChan"), .values(["dev.lever"]))
            try await opened.send(bytes: [0x1F, 0x8B])
            channel.withLock { $0 = opened }
        }
        // The host has ended, and so has the deployment: another host may have the directory.
        let error = await #expect(throws: RemoteError.self) { try await channel.withLock { $0 }?.receive() }
        #expect(error?.value?.stringValue?.contains("shutting down") == true)
        try await EmbeddedHost.with(data: data.path) { host in
            let version = try await host.deploy(Scripts.hello("1"))
            #expect(version == 1)
        }
    }

    @Test func hostSaysWhenItIsReady() async throws {
        try await EmbeddedHost.with { host in
            let curl = try await Command.run("curl", ["-s", "http://\(host.address)/readyz"])
            #expect(curl.output == "ready\n")
        }
    }

    @Test func hostInAServiceGroupEndsGracefully() async throws {
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let host = try LeverHost(configuration: configuration, logger: logger)
        let group = ServiceGroup(services: [host], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            _ = try await host.address
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        let error = await #expect(throws: RuntimeError.self) { try await host.address }
        #expect(error?.code == .stopped)
        await #expect(throws: RuntimeError.self) { try await host.run() }
    }

    /// A service of the program that works with the host, as a web server does.
    private struct Worker: Service {
        let client: LeverClient
        let log: Log

        func run() async throws {
            let word = try await client.service("dev.lever", "clock").invoke("Echo", "up", as: [String].self)
            log.append("worker \(word[0])")
            try? await gracefulShutdown()
            // It ends before the host, which it calls to the last.
            let last = try await client.service("dev.lever", "clock").invoke("Echo", "down", as: [String].self)
            log.append("worker \(last[0])")
        }
    }

    private final class Log: Sendable {
        private let state = Mutex<[String]>([])

        var all: [String] { state.withLock { $0 } }

        func append(_ line: String) { state.withLock { $0.append(line) } }
    }

    /// Services of a group are ended from the last to the first, so the host comes before those that call it.
    @Test func hostOutlivesTheServicesAfterItInAGroup() async throws {
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let host = try LeverHost(configuration: configuration, logger: logger)
        try await host.register("dev.lever/clock", ClockHandler(), isPrivate: true)
        let log = Log()
        let worker = Worker(client: LeverClient(transport: host.client(in: .default)), log: log)
        let group = ServiceGroup(services: [host, worker], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await group.run()
                log.append("group")
            }
            try await wait("the worker is up") { log.all == ["worker up"] }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(log.all == ["worker up", "worker down", "group"])
    }

    /// A service of the group that fails takes the host with it.
    @Test func hostEndsWithItsGroup() async throws {
        struct Failing: Service {
            struct Failure: Error {}
            let host: LeverHost

            func run() async throws {
                _ = try await host.address
                throw Failure()
            }
        }
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let host = try LeverHost(configuration: configuration, logger: logger)
        let group = ServiceGroup(services: [host, Failing(host: host)], logger: logger)
        await #expect(throws: Failing.Failure.self) { try await group.run() }
        let error = await #expect(throws: RuntimeError.self) { try await host.address }
        #expect(error?.code == .stopped)
    }

    @Test func unusableConfigurationIsNamed() throws {
        let changes: [(String, (inout LeverHost.Configuration) -> Void)] = [
            ("nonsense", { $0.listen = "nonsense" }),
            ("shutdownTimeout", { $0.shutdownTimeout = .zero }),
            ("instances.startTimeout", { $0.instances.startTimeout = .seconds(-1) }),
            ("calls.waiting", { $0.calls.waiting = 0 }),
            ("calls.defaultDeadline", { $0.calls.maximumDeadline = .seconds(1) }),
            ("packageBytes", { $0.uploads.limits.packageBytes = 0 }),
            ("front.maximumBodySize", { $0.front.maximumBodySize = 0 }),
            ("threads", { $0.threads = 0 }),
            ("keptEvents", { $0.keptEvents = 0 }),
            ("calls.retryRatio", { $0.calls.retryRatio = -0.1 }),
            ("calls.retryBurst", { $0.calls.retryBurst = -1 }),
            ("instances.heartbeatInterval", { $0.instances.heartbeatInterval = .zero }),
            ("instances.startCancellation", { $0.instances.startCancellation = .zero }),
            ("adminPeers", { $0.adminPeers = ["10.0.0.1/8"] }),
            ("somewhere", { $0.adminPeers = ["127.0.0.1", "somewhere"] }),
            ("logs.bytesPerService", { $0.logs.bytesPerService = -1 }),
            ("logs.bytes", { $0.logs.bytes = 1 }),
            ("logs.waitingBytesPerInstance", { $0.logs.waitingBytesPerInstance = 1 << 40 }),
            ("evil.example.com:80", { $0.trustedHosts = ["evil.example.com:80"] }),
        ]
        for (word, change) in changes {
            var configuration = LeverHost.Configuration.defaults
            change(&configuration)
            let error = #expect(throws: RuntimeError.self) { _ = try LeverHost(configuration: configuration) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
        }
    }

    @Test func addressThatIsTakenEndsTheStartWithItsName() async throws {
        try await EmbeddedHost.with { first in
            var configuration = LeverHost.Configuration.defaults
            configuration.listen = first.address
            let second = try LeverHost(configuration: configuration)
            let error = await #expect(throws: RuntimeError.self) { try await second.run() }
            #expect(error?.code == .bindFailed)
            #expect(error?.message.contains(first.address) == true)
            let address = await #expect(throws: RuntimeError.self) { try await second.address }
            #expect(address?.code == .bindFailed)
        }
    }
}
