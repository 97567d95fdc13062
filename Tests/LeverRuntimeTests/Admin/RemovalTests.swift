import LeverCore
import Synchronization
import Testing

@testable import LeverRuntime

@Suite("Removal", .timeLimit(.minutes(1))) struct RemovalTests {
    private let hello = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.
    private let shop = try! EnvironmentName("shop.lever")  // A good literal.

    private func failure(_ body: () async throws -> Void) async -> RPCError? {
        await #expect(throws: RPCError.self) { try await body() }
    }

    @Test func aServiceStopsBeforeItIsForgotten() async throws {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            admin.control.run(hello, live: 1)
            let seen = Order()
            admin.control.state.withLock { state in
                state.onRemove = { [catalog = admin.catalog, hello] in
                    if (try? await catalog.service(hello)) != nil { seen.add("known") }
                }
            }
            _ = try await admin.call("RemoveService", .values(["dev.lever", "hello"]))
            #expect(seen.all == ["known"])
            #expect(try await admin.catalog.service(hello) == nil)
            #expect(!TestFiles.exists(admin.data.codeDirectory(of: 1, of: hello)))
            #expect(TestFiles.names(admin.data.packages).isEmpty)
            // Its numbers are not used again.
            #expect(try await admin.deploy("2") == 2)
        }
    }

    @Test func aServiceThatCannotBeForgottenGoesOn() async throws {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            admin.control.run(hello, live: 1)
            admin.control.state.withLock { $0.failure = RPCError(.shuttingDown, "the host is shutting down") }
            let error = await failure { _ = try await admin.call("RemoveService", .values(["dev.lever", "hello"])) }
            #expect(error?.reason == .shuttingDown)
            #expect(try await admin.catalog.service(hello)?.liveVersion == 1)
            #expect(await admin.control.standing(of: hello) != nil)
        }
    }

    @Test func removalAndDeploymentDoNotOverlap() async throws {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            admin.control.run(hello, live: 1)
            let refusals = Order()
            admin.control.state.withLock { state in
                state.onRemove = {
                    do { try await admin.deploy("2") } catch { refusals.add("\(error)") }
                    do {
                        _ = try await admin.call("RemoveEnvironment", .values(["dev.lever", true]))
                    } catch { refusals.add("\(error)") }
                }
            }
            _ = try await admin.call("RemoveService", .values(["dev.lever", "hello"]))
            #expect(refusals.all.count == 2 && refusals.all[0].contains("is being removed"), "\(refusals.all)")
            // What was uploaded for it is gone, too.
            #expect(TestFiles.names(admin.data.uploads).isEmpty)
            #expect(TestFiles.names(admin.data.code).allSatisfy { !$0.hasPrefix(".tmp") })
        }
        let claims = ServiceClaims()
        try claims.enter(hello)
        let busy = #expect(throws: RPCError.self) { try claims.claim(hello) }
        #expect(busy?.reason == .conflict && busy?.message.contains("taking over") == true)
        #expect(throws: RPCError.self) { try claims.claim(EnvironmentName.default) }
        claims.leave(hello)
        try claims.claim(EnvironmentName.default)
        #expect(throws: RPCError.self) { try claims.enter(hello) }
        #expect(throws: RPCError.self) { try claims.claim(hello) }
        #expect(throws: RPCError.self) { try claims.enter(EnvironmentName.default) }
        claims.release(EnvironmentName.default)
        try claims.enter(EnvironmentName.default)
        #expect(throws: RPCError.self) { try claims.claim(EnvironmentName.default) }
        claims.leave(EnvironmentName.default)
        try claims.claim(hello)
        #expect(throws: RPCError.self) { try claims.claim(hello) }
        claims.release(hello)
        try claims.enter(hello)
    }

    @Test func environmentsComeAndGo() async throws {
        try await AdminHarness.with { admin throws in
            #expect(try await admin.call("AddEnvironment", .values(["Shop.lever"])) == .result(true))
            #expect(try await admin.call("AddEnvironment", .values(["shop.lever"])) == .result(false))
            #expect(
                try await admin.call("ListEnvironments")
                    == .result([
                        ["environment": "dev.lever", "services": 0, "default": true],
                        ["environment": "shop.lever", "services": 0, "default": false],
                    ]))
            #expect(try await admin.call("RemoveEnvironment", .values(["shop.lever"])) == .result(.null))
            #expect(admin.removed.all == ["shop.lever"])
            let gone = await failure { _ = try await admin.call("RemoveEnvironment", .values(["shop.lever"])) }
            #expect(gone?.reason == .noEnvironment)
            let kinds = admin.control.events.newest(10).elements.map(\.kind)
            #expect(kinds == [.environmentAdded, .environmentRemoved])
        }
    }

    @Test func environmentsWithServicesAreRemovedByForceOnly() async throws {
        try await AdminHarness.with { admin throws in
            let cart = ServiceID(environment: shop, service: try ServiceName("cart"))
            try await admin.deploy("1", name: "cart", to: shop)
            admin.control.run(cart, live: 1)
            let refused = await failure { _ = try await admin.call("RemoveEnvironment", .values(["shop.lever"])) }
            #expect(refused?.reason == .conflict && refused?.message.contains("1 service") == true)
            #expect(admin.control.asked.isEmpty)
            _ = try await admin.call("RemoveEnvironment", .values(["shop.lever", true]))
            #expect(admin.control.asked == ["remove shop.lever/cart"])
            #expect(try await admin.catalog.environments() == [.default])
            #expect(!TestFiles.exists(admin.data.codeDirectory(of: 1, of: cart)))
        }
    }

    @Test(arguments: ["dev.lever", "admin.lever"])
    func someEnvironmentsStay(_ name: String) async throws {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            admin.control.run(hello, live: 1)
            let error = await failure {
                _ = try await admin.call("RemoveEnvironment", .values([.string(name), true]))
            }
            #expect(error?.reason == .conflict)
            // Nothing was stopped for it.
            #expect(admin.control.asked.isEmpty)
        }
    }

    // MARK: Rollback

    private func rollback(_ admin: AdminHarness, _ arguments: LeverValue...) async throws -> [LeverValue] {
        let channel = try await admin.open("RollbackChan", .values(["dev.lever", "hello"] + arguments))
        var messages: [LeverValue] = []
        while let message = try await channel.receive() {
            switch message {
            case .value(let value): messages.append(value)
            case .error(let value): messages.append(["error": value])
            default: Issue.record("bytes")
            }
        }
        return messages
    }

    @Test func theVersionBeforeTakesOverByDefault() async throws {
        try await AdminHarness.with { admin throws in
            for version in 1...4 { try await admin.deploy("\(version)") }
            let messages = try await rollback(admin)
            #expect(messages.map { $0["phase"] } == ["starting", "ready", "live"])
            #expect(messages.last?["version"] == 3)
            #expect(admin.control.asked == ["rollback 3 after 4"])
            // The one before is what was live before, not the number before.
            try await admin.catalog.setLive(2, of: hello)
            #expect(try await rollback(admin).last?["version"] == 4)
            #expect(try await rollback(admin, 1).last?["version"] == 1)
        }
    }

    @Test func whatCannotTakeOverIsSaid() async throws {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            let none = await failure { _ = try await rollback(admin) }
            #expect(none?.reason == .noVersion)
            let missing = await failure { _ = try await rollback(admin, 7) }
            #expect(missing?.reason == .noVersion && missing?.message.contains("7") == true)
            let live = await failure { _ = try await rollback(admin, 1) }
            #expect(live?.reason == .conflict)
            let wrong = await failure { _ = try await rollback(admin, "one") }
            #expect(wrong?.reason == .badMessage)
            try await admin.deploy("2")
            admin.control.state.withLock {
                $0.failure = RPCError(.startFailed, "it did not start; its last output:\nno module")
            }
            // With its lines, as of a deployment.
            let failed = try await rollback(admin)
            #expect(failed.last?["error"]?.stringValue?.contains("\nno module") == true, "\(failed)")
        }
    }
}
