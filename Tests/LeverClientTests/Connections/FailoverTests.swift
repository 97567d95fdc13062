import LeverClient
import LeverCore
import LeverTransport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2)))
struct FailoverTests {
    private func client(
        _ servers: [TestServer], _ change: (inout LeverClient.Configuration) -> Void = { _ in }
    ) throws -> LeverClient {
        var configuration = LeverClient.Configuration()
        configuration.hosts = servers.map(\.host)
        configuration.hostBackoff = Backoff(initial: .milliseconds(5), maximum: .milliseconds(20))
        change(&configuration)
        return try LeverClient(configuration: configuration)
    }

    @Test func callsGoToAllHosts() async throws {
        try await withServers(3) { servers in
            let client = try client(servers)
            let service = try client.service("dev.lever", "hello")
            try await withThrowingTaskGroup { group in
                for _ in 0..<60 { group.addTask { try await service.invoke("Say") } }
                try await group.waitForAll()
            }
            for server in servers { #expect(server.count > 0) }
            #expect(servers.map(\.count).reduce(0, +) == 60)
            await client.shutdown()
        }
    }

    @Test func channelsAreLoadUntilTheyEnd() async throws {
        try await withServers(2) { servers in
            let client = try client(servers)
            let service = try client.service("dev.lever", "hello")
            var channels: [LeverChannel] = []
            for _ in 0..<6 { channels.append(try await service.channel("FeedChan")) }
            // With two hosts both are drawn each time: they take turns.
            #expect(servers.map(\.count) == [3, 3])
            channels = []
            await client.shutdown(force: true)
        }
    }

    @Test func aHostThatIsGoneLosesNoCallAndComesBack() async throws {
        try await withServers(2) { servers in
            let client = try client(servers)
            let service = try client.service("dev.lever", "hello")
            for _ in 0..<10 { try await service.invoke("Say") }
            await servers[0].stop()
            // Each call is made once, wherever it could be.
            let before = servers[1].count
            for _ in 0..<20 { #expect(try await service.invoke("Say", as: Int.self) == 1) }
            #expect(servers[1].count == before + 20)
            let again = try await TestServer.start(servers[0].handler, port: servers[0].port)
            let answered = again.count
            try await eventually {
                try await service.invoke("Say")
                return again.count > answered
            }
            await client.shutdown(force: true)
            await again.stop()
        }
    }

    @Test func anErrorNamesAllHostsThatWereTried() async throws {
        var hosts: [String] = []
        try await withServers(2) { servers in hosts = servers.map(\.host) }
        var configuration = LeverClient.Configuration()
        configuration.host = hosts[0]
        configuration.hosts = hosts + [hosts[1]]
        let client = try LeverClient(configuration: configuration)
        for _ in 0..<2 {
            let error = await #expect(throws: RPCError.self) {
                try await client.service("dev.lever", "hello").invoke("Say")
            }
            #expect(error?.reason == .unreachable)
            #expect(error?.didNotBegin == true)
            #expect(error?.message.contains("any of 2 hosts") == true)
            for host in hosts { #expect(error?.message.contains(host) == true, "\(error?.message ?? "")") }
        }
        await client.shutdown()
    }

    @Test func aCallThatMayHaveBegunIsNotMadeElsewhere() async throws {
        let servers = Mutex<[TestServer]>([])
        let dying: RecordingHandler.Unary = { _, _ in
            // Whichever got the call ends its connections, while it answers.
            for server in servers.withLock({ $0 }) { await server.stop() }
            return .result(nil)
        }
        try await withServers(2, unary: dying) { both in
            servers.withLock { $0 = both }
            let client = try client(both)
            let error = await #expect(throws: RPCError.self) {
                try await client.service("dev.lever", "hello").invoke("Say")
            }
            #expect(error?.code == .unavailable || error?.code == .cancelled)
            #expect(error?.didNotBegin == false)
            #expect(both.map(\.count).reduce(0, +) == 1)
            await client.shutdown(force: true)
        }
    }

    @Test func theBalancerIsTheConfigurations() async throws {
        struct Last: LoadBalancer {
            func pick(count: Int, load: (Int) -> Int, random: inout FastRandom) -> Int { count - 1 }
        }
        try await withServers(3) { servers in
            let client = try client(servers) { $0.loadBalancer = Last() }
            for _ in 0..<5 { try await client.service("dev.lever", "hello").invoke("Say") }
            #expect(servers.map(\.count) == [0, 0, 5])
            await client.shutdown()
        }
    }

    @Test func theAdministrationUsesTheHosts() async throws {
        try await withServers(2, unary: { _, _ in .result([]) }) { servers in
            await servers[0].stop()
            let client = try client(servers)
            for _ in 0..<4 { #expect(try await client.admin().services().isEmpty) }
            #expect(servers[1].count == 4)
            await client.shutdown()
        }
    }
}
