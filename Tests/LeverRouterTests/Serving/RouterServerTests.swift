import LeverClient
import LeverCore
import LeverRouter
import Logging
import ServiceLifecycle
import Testing

/// A router that stands alone, through what is public.
@Suite("A router alone", .timeLimit(.minutes(1))) struct RouterServerTests {
    /// Runs a test with a router, and ends it.
    private func with(
        _ table: RoutingTable, _ change: (inout RouterServer.Configuration) -> Void = { _ in },
        balancer: (any LoadBalancer)? = nil, placement: any ResourcePlacement = RendezvousPlacement(),
        body: (RouterServer, LeverClient) async throws -> Void
    ) async throws {
        var configuration = RouterServer.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        configuration.threads = 2
        configuration.shutdownTimeout = .seconds(2)
        change(&configuration)
        let router = try RouterServer(
            configuration: configuration, table: table, balancer: balancer, placement: placement,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await router.run() }
            let network = try LeverClient(host: try await router.address)
            let result: Result<Void, any Error>
            do { result = .success(try await body(router, network)) } catch { result = .failure(error) }
            group.cancelAll()
            try await group.waitForAll()
            try result.get()
        }
    }

    private func table(_ servers: [NamedServer], isPrivate: Bool = false) throws -> RoutingTable {
        var table = RoutingTable()
        try table.set("dev.lever/hello", at: servers.map(\.address), isPrivate: isPrivate)
        return table
    }

    private func name(_ client: LeverClient, _ method: String = "Name") async throws -> String? {
        guard
            case .result(let value) = try await client.call(
                try LeverURL("lever://dev.lever/hello/\(method)"), .values([]))
        else { return nil }
        return value.stringValue
    }

    @Test func callsGoToTheInstancesOfTheTable() async throws {
        try await NamedServer.with("a", "b", "c") { servers in
            try await with(try table([servers[0], servers[1]])) { router, network in
                let program = LeverClient(transport: router.client)
                var seen: Set<String> = []
                for _ in 0..<40 {
                    seen.insert(try await name(network) ?? "")
                    seen.insert(try await name(program) ?? "")
                }
                #expect(seen == ["a", "b"])
                try router.update { try $0.set("dev.lever/hello", at: [servers[2].address]) }
                for client in [network, program] {
                    for _ in 0..<10 { #expect(try await name(client) == "c") }
                }
                // What has left the table is not connected to any more.
                #expect(await poll { servers[0].connections == 0 && servers[1].connections == 0 })
                let channel = try await network.open(try LeverURL("lever://dev.lever/hello/EchoChan"), .values([]))
                try await channel.send("over there")
                #expect(try await channel.receive(as: String.self) == "over there")
            }
        }
    }

    @Test func callsInProgressStayAtAnInstanceThatHasLeft() async throws {
        try await NamedServer.with("old", "new") { servers in
            try await with(try table([servers[0]])) { router, network in
                async let held = name(network, "Hold")
                #expect(await poll { servers[0].held == 1 })
                try router.update { try $0.set("dev.lever/hello", at: [servers[1].address]) }
                #expect(try await name(network) == "new")
                // It comes back while its call is still in progress, and goes again.
                try router.update { try $0.set("dev.lever/hello", at: [servers[0].address]) }
                #expect(try await name(network) == "old")
                try router.update { try $0.set("dev.lever/hello", at: [servers[1].address]) }
                #expect(try await name(network) == "new")
                servers[0].release()
                #expect(try await held == "old")
                #expect(await poll { servers[0].connections == 0 })
            }
        }
    }

    @Test func whatIsNotThereIsNamed() async throws {
        try await NamedServer.with("a") { servers in
            try await with(try table([])) { router, network in
                let none = await #expect(throws: RPCError.self) { try await name(network) }
                #expect(none?.reason == .startFailed && none?.message.contains("dev.lever/hello") == true)
                let url = try LeverURL("lever://dev.lever/unknown/Name")
                #expect(
                    await #expect(throws: RPCError.self) { try await network.call(url, .values([])) }?.reason
                        == .noService)
                let far = try LeverURL("lever://far.lever/hello/Name")
                #expect(
                    await #expect(throws: RPCError.self) { try await network.call(far, .values([])) }?.reason
                        == .noEnvironment)
                try router.update { try $0.set("dev.lever/hello", at: [servers[0].address]) }
                #expect(try await name(network) == "a")
                try router.update { try $0.remove("dev.lever/hello") }
                #expect(await #expect(throws: RPCError.self) { try await name(network) }?.reason == .noService)
                #expect(router.table == RoutingTable())
            }
        }
    }

    @Test func privateServicesAnswerTheirEnvironmentAlone() async throws {
        try await NamedServer.with("a") { servers in
            try await with(
                try table(servers, isPrivate: true), { $0.gateways = [.default: "127.0.0.1:0"] }
            ) { router, network in
                #expect(await #expect(throws: RPCError.self) { try await name(network) }?.reason == .privateService)
                let outside = LeverClient(transport: router.client)
                #expect(await #expect(throws: RPCError.self) { try await name(outside) }?.reason == .privateService)
                #expect(try await name(LeverClient(transport: router.client(in: .default))) == "a")
                let gateway = try #require(try await router.gatewayAddress(of: .default))
                #expect(try await name(try LeverClient(host: gateway)) == "a")
                #expect(servers[0].seen.allSatisfy { $0.gateway == gateway })
                #expect(try await router.gatewayAddress(of: .admin) == nil)
            }
        }
    }

    /// Takes the last one.
    private struct Last: LoadBalancer, ResourcePlacement {
        func pick(count: Int, load: (Int) -> Int, random: inout FastRandom) -> Int { count - 1 }
        func place(_ resource: ResourceID, among candidates: [PlacementCandidate]) -> Int { candidates.count - 1 }
    }

    @Test func aResourceGoesToOneInstanceWhileTheTableStays() async throws {
        try await NamedServer.with("a", "b", "c") { servers in
            try await with(try table(servers)) { _, network in
                var places: [String: String] = [:]
                for _ in 0..<3 {
                    for room in 0..<30 {
                        let place = try #require(try await name(network, "room-\(room)/Name"))
                        #expect(places["\(room)", default: place] == place)
                        places["\(room)"] = place
                    }
                }
                #expect(Set(places.values) == ["a", "b", "c"])
            }
            try await with(try table(servers), balancer: Last(), placement: Last()) { (_, network) async throws in
                for room in ["", "x/", "y/"] { #expect(try await name(network, "\(room)Name") == "c") }
            }
        }
    }

    @Test func anInstanceThatIsGoneIsPassedOver() async throws {
        try await NamedServer.with("gone", "there") { servers in
            let table = try table(servers)
            await servers[0].stop()
            try await with(table, balancer: First()) { (_, network) async throws in
                for _ in 0..<5 { #expect(try await name(network) == "there") }
            }
        }
    }

    /// Takes the first one.
    private struct First: LoadBalancer {
        func pick(count: Int, load: (Int) -> Int, random: inout FastRandom) -> Int { 0 }
    }

    @Test func nonsenseIsRefusedAndNamed() async throws {
        var table = RoutingTable()
        for address in ["nonsense", "127.0.0.1:0", "host:port", "unix:", ":80", "a:b:80"] {
            let error = #expect(throws: RuntimeError.self) { try table.set("dev.lever/hello", at: [address]) }
            #expect(error?.message.contains("\"\(address)\"") == true)
        }
        #expect(throws: RPCError.self) { try table.set("hello", at: []) }
        try table.set("dev.lever/hello", at: ["[::1]:80", "unix:/tmp/x"])
        try table.set("dev.lever/twice", at: ["127.0.0.1:80", "127.0.0.1:80"])
        let twice = #expect(throws: RuntimeError.self) { _ = try RouterServer(table: table) }
        #expect(twice?.message.contains("dev.lever/twice") == true)
        for (word, change) in [
            ("nonsense", { $0.listen = "nonsense" }), ("threads", { $0.threads = 0 }),
            ("calls.attempts", { $0.calls.attempts = 0 }), ("calls.retryRatio", { $0.calls.retryRatio = -1 }),
            ("elsewhere", { $0.gateways[.default] = "elsewhere" }),
        ] as [(String, (inout RouterServer.Configuration) -> Void)] {
            var configuration = RouterServer.Configuration.defaults
            change(&configuration)
            let error = #expect(throws: RuntimeError.self) { _ = try RouterServer(configuration: configuration) }
            #expect(error?.code == .invalidConfiguration && error?.message.contains(word) == true)
        }
        // A change that makes no sense changes nothing.
        let router = try RouterServer()
        #expect(throws: RuntimeError.self) { try router.update { $0 = table } }
        #expect(router.table == RoutingTable())
    }

    @Test func runsInAServiceGroupWithAndWithoutAPort() async throws {
        try await NamedServer.with("a") { servers in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            var configuration = RouterServer.Configuration.defaults
            configuration.listen = nil
            let router = try RouterServer(configuration: configuration, table: try table(servers), logger: logger)
            let group = ServiceGroup(services: [router], logger: logger)
            let program = LeverClient(transport: router.client)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                #expect(try await name(program) == "a")
                #expect(try await router.address == "")
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            #expect(await #expect(throws: RPCError.self) { try await name(program) }?.reason == .shuttingDown)
            await #expect(throws: RuntimeError.self) { try await router.run() }
        }
    }
}
