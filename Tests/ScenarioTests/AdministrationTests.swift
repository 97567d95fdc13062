import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import Testing

/// What an administrator sees and does, with a real host and real instances.
@Suite("Administration of a host", .timeLimit(.minutes(2))) struct AdministrationTests {
    private let hello = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.

    /// Says in its output which resources come and go.
    private static let rooms = """
        exports.NewResource = function (id, callback) { console.log("new " + id); callback(null); };
        exports.CloseResource = function (id, callback) { console.log("close " + id); callback(null); };
        exports.Who = function (room, callback) { callback(null, process.env.LEVEROS_INSTANCE_ID); };
        exports.Where = function (callback) { callback(null, process.env.LEVEROS_INSTANCE_ID); };
        """

    @Test func resourcesAreSeenAndMoved() async throws {
        try await EmbeddedHost.with { host in
            let admin = host.client.admin()
            _ = try await host.deploy(Self.rooms, manifest: ["minInstances": 2])
            try await wait("two instances are ready") {
                try await admin.instances(of: hello).count { $0.state == "ready" } == 2
            }
            for room in ["a", "b", "c/d"] { _ = try await host.call("\(room)/Who") }
            let page = try await admin.resources(of: hello, limit: 2)
            #expect(page.resources.map(\.resource) == ["a", "b"] && page.next == "b")
            #expect(try await admin.resources(of: hello, after: "b").resources.map(\.resource) == ["c/d"])
            let before = try await admin.resource("a", of: hello)
            #expect(before.phase == "active")
            #expect(try await host.call("a/Who").stringValue == before.instance)

            let moved = try await admin.move("a", of: hello)
            #expect(moved.instance != before.instance)
            #expect(try #require(moved.epoch) > #require(before.epoch))
            #expect(try await host.call("a/Who").stringValue == moved.instance)
            // To the one that it came from, by name.
            let back = try await admin.move("a", of: hello, to: InstanceID(try #require(before.instance)))
            #expect(back.instance == before.instance)
            let nowhere = await #expect(throws: RPCError.self) {
                try await admin.move("a", of: hello, to: InstanceID("nobody"))
            }
            #expect(nowhere != nil)

            var kinds: [String] = []
            for try await case .entry(let event) in try await admin.events(in: .default, service: hello.service) {
                kinds.append(event.kind)
            }
            #expect(kinds.contains("instance-ready") && kinds.contains("deployment-live"))
            #expect(kinds.count { $0 == "resource-moved" } == 2, "\(kinds)")
        }
    }

    @Test func anInstanceIsDrainedAndReplaced() async throws {
        try await EmbeddedHost.with { host in
            let admin = host.client.admin()
            _ = try await host.deploy(Scripts.hello("1"), manifest: ["minInstances": 1])
            let first = try #require(try await admin.instances(of: hello).first)
            async let slow = host.call("Slow", 1_000)
            try await wait("the call is in the instance") {
                try await admin.instances(of: hello).contains { $0.calls > 0 }
            }
            try await admin.drain(first.id, of: hello)
            // The call finishes; the next one is answered by another.
            #expect(try await slow == "1")
            #expect(try await host.call("Version") == "1")
            try await wait("it is gone, and another one is there") {
                let instances = try await admin.instances(of: hello)
                return !instances.isEmpty && !instances.contains { $0.id == first.id }
            }
            let unknown = await #expect(throws: RPCError.self) { try await admin.drain(first.id, of: hello) }
            #expect(unknown?.code == .notFound)
        }
    }

    @Test func anEarlierVersionTakesOverUnderCalls() async throws {
        let data = try ServiceFolder()
        try await EmbeddedHost.with(data: data.path) { host in
            let admin = host.client.admin()
            for version in 1...3 { _ = try await host.deploy(Scripts.hello("\(version)")) }
            let isOver = Shared(false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { while !isOver.value { _ = try await host.call("Version") } }
                }
                #expect(try await admin.rollback(hello).version == 2)
                #expect(try await host.call("Version") == "2")
                #expect(try await admin.rollback(hello, to: 1).version == 1)
                isOver.change { $0 = true }
                try await group.waitForAll()
            }
            #expect(try await host.call("Version") == "1")
            let versions = try await admin.versions(of: hello)
            #expect(versions.versions.map(\.version) == [3, 2, 1])
            #expect(versions.versions.first { $0.live }?.version == 1)
            #expect(versions.history.map(\.version) == [1, 2, 3, 2, 1])
            // The next upload gets a new number.
            #expect(try await host.deploy(Scripts.hello("4")) == 4)
            _ = try await admin.rollback(hello)
        }
        // A restart remembers.
        try await EmbeddedHost.with(data: data.path) { host in
            let version = try await host.call("Version")
            #expect(version == "1")
        }
    }

    @Test func aVersionThatDoesNotStartAnyMoreLeavesWhatIsLive() async throws {
        let data = try ServiceFolder()
        try await EmbeddedHost.with(data: data.path) { host in
            let flag = "\(data.path)/broken"
            _ = try await host.deploy(
                "if (require('fs').existsSync('\(flag)')) { console.log('it is broken'); process.exit(3); }"
                    + Scripts.hello("1"))
            _ = try await host.deploy(Scripts.hello("2"))
            try data.write("", to: "broken")
            let error = await #expect(throws: RemoteError.self) { try await host.client.admin().rollback(hello) }
            #expect(error?.value?.stringValue?.contains("it is broken") == true, "\(String(describing: error))")
            #expect(try await host.call("Version") == "2")
        }
    }

    @Test func codeThatAnInstanceStillRunsIsNotPruned() async throws {
        let data = try ServiceFolder()
        try await EmbeddedHost.with(data: data.path, { $0.uploads.keptVersions = 1 }) { host in
            let admin = host.client.admin()
            func hasCode(_ version: Int) -> Bool {
                FileManager.default.fileExists(atPath: "\(data.path)/code/dev.lever/hello/\(version)/server.js")
            }
            _ = try await host.deploy(Scripts.hello("1"))
            async let slow = host.call("Slow", 5_000)
            try await wait("the call is in the instance") {
                try await admin.instances(of: hello).contains { $0.calls > 0 }
            }
            for version in 2...4 { _ = try await host.deploy(Scripts.hello("\(version)")) }
            if try await admin.instances(of: hello).contains(where: { $0.version == 1 }) {
                #expect(hasCode(1), "the code went while an instance ran it")
            }
            #expect(try await slow == "1")
            try await wait("it is gone") {
                try await !admin.instances(of: hello).contains { $0.version == 1 }
            }
            _ = try await host.deploy(Scripts.hello("5"))
            #expect(!hasCode(1))
            #expect(hasCode(4) && hasCode(5))
        }
    }

    @Test func aRemovedServiceFinishesItsCallsAndIsGone() async throws {
        let data = try ServiceFolder()
        try await EmbeddedHost.with(data: data.path) { host in
            let admin = host.client.admin()
            _ = try await host.deploy(Scripts.hello("1"))
            async let slow = host.call("Slow", 1_000)
            try await wait("the call is in the instance") {
                try await admin.instances(of: hello).contains { $0.calls > 0 }
            }
            try await admin.remove(hello)
            #expect(try await slow == "1")
            let gone = await #expect(throws: RPCError.self) { try await host.call("Version") }
            #expect(gone?.reason == .noService)
            #expect(try await admin.services().isEmpty)
            #expect(try await admin.instances().isEmpty)
            #expect(!FileManager.default.fileExists(atPath: "\(data.path)/code/dev.lever/hello/1"))
            // It may come back, under numbers that were never used.
            #expect(try await host.deploy(Scripts.hello("again")) == 2)
            #expect(try await host.call("Version") == "again")
        }
    }

    @Test func followersSeeWhatInstancesWriteAndAFloodStopsNobody() async throws {
        try await EmbeddedHost.with { host in
            let admin = host.client.admin()
            _ = try await host.deploy(
                """
                exports.Flood = function (count, callback) {
                    for (let i = 0; i < count; i++) console.log("line " + i);
                    callback(null, "done");
                };
                """)
            let feed = try await admin.logs(of: hello, follow: true)
            // Nobody reads the feed while the instance writes, and the instance answers all the same.
            #expect(try await host.call("Flood", 20_000) == "done")
            #expect(try await host.call("Flood", 1) == "done")
            var lines = 0
            var dropped = 0
            for try await message in feed {
                switch message {
                case .entry: lines += 1
                case .dropped(let count): dropped += count
                }
                if lines + dropped == 20_001 { break }
            }
            #expect(lines + dropped == 20_001)
        }
    }

    @Test func whatACrashedInstanceWroteIsKept() async throws {
        try await EmbeddedHost.with { host in
            let admin = host.client.admin()
            _ = try await host.deploy("console.log('I start');" + Scripts.hello("1"))
            await #expect(throws: (any Error).self) { _ = try await host.call("Die") }
            try await wait("it is gone") { try await admin.instances(of: hello).isEmpty }
            var lines: [String] = []
            for try await case .entry(let line) in try await admin.logs(of: hello) { lines.append(line.line) }
            #expect(lines == ["I start"])
        }
    }

    // MARK: Environments

    @Test func environmentsAreApart() async throws {
        try await EmbeddedHost.with { host in
            let admin = host.client.admin()
            let shop = try EnvironmentName("shop.lever")
            let vault = try ServiceFolder(
                name: "vault", "exports.Secret = function (callback) { callback(null, 'for friends'); };",
                manifest: ["private": true])
            let desk = try ServiceFolder(
                name: "desk",
                """
                const leveros = require("leveros");
                exports.Caller = async () => leveros.context().callerEnvironment || null;
                exports.Ask = async (to, service, method) => new leveros.Client().service(to, service).invoke(method);
                """)
            _ = try await host.client.deploy(vault.path, to: shop)
            for environment in [EnvironmentName.default, shop] {
                _ = try await host.client.deploy(desk.path, to: environment)
            }
            #expect(try await admin.environments().map(\.environment) == ["dev.lever", "shop.lever"])
            func ask(_ from: String, _ to: String, _ service: String, _ method: String) async throws -> RPCReply {
                try await host.client.call(
                    try LeverURL("lever://\(from)/desk/Ask"), .values([.string(to), .string(service), .string(method)]))
            }
            // Private: for its own environment only.
            #expect(try await ask("shop.lever", "shop.lever", "vault", "Secret") == .result("for friends"))
            let stranger = try? await ask("dev.lever", "shop.lever", "vault", "Secret")
            #expect(stranger != .result("for friends"))
            // Where a call comes from, the host says, and only of another environment.
            #expect(try await ask("dev.lever", "shop.lever", "desk", "Caller") == .result("dev.lever"))
            #expect(try await ask("shop.lever", "shop.lever", "desk", "Caller") == .result(.null))
            let forged = try await host.client.call(
                try LeverURL("lever://shop.lever/desk/Caller"), .values([]),
                options: CallOptions(metadata: [("x-lever-src-env", "dev.lever")]))
            #expect(forged == .result(.null))
            // Instances do not administer.
            let admins = try? await ask("dev.lever", "admin.lever", "admin", "ListServices")
            if case .result = admins { Issue.record("an instance reached the administration: \(admins!)") }

            let refused = await #expect(throws: RPCError.self) { try await admin.removeEnvironment(shop) }
            #expect(refused?.reason == .conflict)
            try await admin.removeEnvironment(shop, force: true)
            #expect(try await admin.environments().map(\.environment) == ["dev.lever"])
            let gone = await #expect(throws: RPCError.self) {
                try await host.client.call(try LeverURL("lever://shop.lever/desk/Caller"), .values([]))
            }
            #expect(gone?.reason == .noEnvironment)
            // The others do not notice, and it may come back.
            #expect(try await ask("dev.lever", "dev.lever", "desk", "Caller") == .result(.null))
            _ = try await host.client.deploy(vault.path, to: shop)
            _ = try await host.client.deploy(desk.path, to: shop)
            #expect(try await ask("shop.lever", "shop.lever", "vault", "Secret") == .result("for friends"))
        }
    }
}
