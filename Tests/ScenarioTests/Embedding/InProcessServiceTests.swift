import LeverClient
import LeverCore
import LeverRuntime
import Logging
import Synchronization
import Testing

/// Services that the program around a host has registered.
@Suite("Services in the host's process", .timeLimit(.minutes(2))) struct InProcessServiceTests {
    private let clock = ServiceID(environment: .default, service: try! ServiceName("clock"))  // A good literal.

    private func call(_ client: LeverClient, _ path: String, _ arguments: LeverValue...) async throws -> LeverValue? {
        let url = try LeverURL("lever://dev.lever/clock/\(path)")
        switch try await client.call(url, .values(arguments)) {
        case .result(let value): return value
        case .error(let value): throw RemoteError(url: url, payload: .value(value))
        default: return nil
        }
    }

    private func reason(_ client: LeverClient, _ path: String) async -> RPCError.Reason? {
        await #expect(throws: RPCError.self) { try await call(client, path) }?.reason
    }

    @Test func areCalledLikeAnyOther() async throws {
        let handler = ClockHandler()
        try await EmbeddedHost.with(prepare: { try await $0.register("dev.lever/clock", handler) }) { host in
            for client in [host.client, host.network] {
                #expect(try await call(client, "Echo", "a", 1) == ["a", 1])
                #expect(try await call(client, "Where") == ["", .null])
                let own = await #expect(throws: RemoteError.self) { try await call(client, "Fail") }
                #expect(own?.value?["code"] == 7)
                #expect(await reason(client, "Nothing") == .noMethod)
                let status = await #expect(throws: RPCError.self) { try await call(client, "Refuse") }
                #expect(status?.code == .failedPrecondition && status?.origin == .instance)
                for resource in ["", "room/"] {
                    let url = try LeverURL("lever://dev.lever/clock/\(resource)EchoChan")
                    let channel = try await client.open(url, .values([]))
                    for message in ["one", "two"] {
                        try await channel.send(message)
                        #expect(try await channel.receive(as: String.self) == message)
                    }
                    try await channel.finish()
                    #expect(try await channel.receive() == nil)
                }
            }
            let curl = try await Command.run(
                "curl",
                [
                    "-s", "-H", "Content-Type: application/json", "-d", "[\"x\"]",
                    "http://\(host.address)/clock/Echo?forceenv=dev.lever",
                ])
            #expect(curl.output == "[\"x\"]\n" || curl.output == "[\"x\"]")
        }
    }

    @Test func areCalledByServicesOfTheirEnvironment() async throws {
        let handler = ClockHandler()
        try await EmbeddedHost.with { host in
            try await host.host.register("dev.lever/clock", handler, isPrivate: true)
            #expect(await reason(host.client, "Echo") == .privateService)
            #expect(await reason(host.network, "Echo") == .privateService)
            let inside = LeverClient(transport: host.host.client(in: .default))
            #expect(try await call(inside, "Echo", "in") == ["in"])
            let other = LeverClient(transport: host.host.client(in: try EnvironmentName("other.lever")))
            #expect(await reason(other, "Echo") == .privateService)
            _ = try await host.deploy(
                """
                const leveros = require("leveros");
                const clock = new leveros.Client().service("dev.lever", "clock");
                exports.Ask = async (word) => clock.invoke("Echo", word);
                exports.AskRoom = async (room) => clock.resource(room).invoke("Where");
                """)
            #expect(try await host.call("Ask", "hello") == ["hello"])
            #expect(try await host.call("AskRoom", "lobby")[0] == "lobby")
            #expect(handler.log == ["new lobby"])
        }
    }

    @Test func comeAndGoWhileTheHostRuns() async throws {
        try await EmbeddedHost.with { host in
            #expect(await reason(host.client, "Echo") == .noService)
            for _ in 0..<2 {
                let handler = ClockHandler()
                try await host.host.register("dev.lever/clock", handler)
                #expect(try await call(host.network, "Echo", 1) == [1])
                _ = try await call(host.client, "room/Where")
                let again = await #expect(throws: RPCError.self) {
                    try await host.host.register("dev.lever/clock", handler)
                }
                #expect(again?.reason == .conflict && again?.message.contains("dev.lever/clock") == true)
                try await host.host.unregister("dev.lever/clock")
                #expect(handler.log == ["new room", "close room"])
                for client in [host.client, host.network] { #expect(await reason(client, "Echo") == .noService) }
            }
            let unknown = await #expect(throws: RPCError.self) { try await host.host.unregister("dev.lever/clock") }
            #expect(unknown?.reason == .noService)
            // An environment that was not there is made.
            try await host.host.register("shop.example.com/clock", ClockHandler())
            #expect(try await host.client.admin().environments().contains { "\($0)".contains("shop.example.com") })
            let own = await #expect(throws: RPCError.self) {
                try await host.host.register("admin.lever/clock", ClockHandler())
            }
            #expect(own?.reason == .conflict)
        }
    }

    @Test func areSeenByAdministratorsWhoDoNotChangeThem() async throws {
        let handler = ClockHandler()
        try await EmbeddedHost.with(
            prepare: { try await $0.register("dev.lever/clock", handler, description: "tells the time") }
        ) { host in
            let admin = host.client.admin()
            _ = try await call(host.client, "room/Where")
            let found = try #require(try await admin.services().first { $0.service == "clock" })
            #expect(found.inProcess == true && found.version == nil && found.description == "tells the time")
            #expect(found.instances == 1 && found.resources == 1)
            #expect(try await admin.service(clock).runs.count == 1)
            #expect(try await admin.resource("room", of: clock).phase == "active")
            #expect(try await admin.resources(of: clock, limit: 10).resources.map(\.resource) == ["room"])
            let list = try await Command.run("lever", ["ls"], environment: ["LEVEROS_IP_PORT": host.address])
            #expect(list.output.contains("in host"), "\(list)")
            for change in [
                { try await admin.remove(clock) }, { try await admin.removeEnvironment(.default, force: true) },
                { _ = try await admin.move("room", of: clock) },
            ] as [() async throws -> Void] {
                let error = await #expect(throws: RPCError.self) { try await change() }
                #expect(error?.reason == .conflict)
            }
            #expect(try await call(host.network, "Echo", 1) == [1])
        }
    }

    @Test func haveTheirNamesForThemselves() async throws {
        let data = try ServiceFolder()
        try await EmbeddedHost.with(data: data.path) { host in
            try await host.host.register("dev.lever/clock", ClockHandler())
            let refused = await #expect(throws: (any Error).self) {
                try await host.deploy(Scripts.hello("1"), name: "clock")
            }
            #expect("\(refused as Any)".contains("dev.lever/clock"), "\(String(describing: refused))")
            #expect(try await host.deploy(Scripts.hello("1")) == 1)
            let taken = await #expect(throws: RPCError.self) {
                try await host.host.register("dev.lever/hello", ClockHandler())
            }
            #expect(taken?.reason == .conflict && taken?.message.contains("dev.lever/hello") == true)
            #expect(try await host.call("Version") == "1")
            // Once one has gone, the other may have the name.
            try await host.host.unregister("dev.lever/clock")
            #expect(try await host.deploy(Scripts.hello("2"), name: "clock") == 1)
        }
        let started = await #expect(throws: RPCError.self) {
            try await EmbeddedHost.with(
                data: data.path, prepare: { try await $0.register("dev.lever/hello", ClockHandler()) }
            ) { _ in }
        }
        #expect(started?.reason == .conflict && started?.message.contains("dev.lever/hello") == true)
    }

    @Test func theirResourcesAreActiveOnceWithEpochsThatRise() async throws {
        let data = try ServiceFolder()
        var epochs: [Int] = []
        for _ in 0..<2 {
            let handler = ClockHandler()
            let seen = try await withEpochs(handler, data.path)
            epochs += seen
            // Closed at the host's end, before it has ended.
            #expect(
                handler.log.filter { $0.hasSuffix(" room") } == ["new room", "close room", "new room", "close room"])
        }
        #expect(epochs.count == 4 && epochs == epochs.sorted() && Set(epochs).count == 4, "\(epochs)")
    }

    /// Activates a resource twice; gives the two epochs.
    private func withEpochs(_ handler: ClockHandler, _ data: String) async throws -> [Int] {
        let epochs = Epochs()
        try await EmbeddedHost.with(
            data: data, gracefully: true, { $0.resources.resourceIdleTimeout = .milliseconds(100) },
            prepare: { try await $0.register("dev.lever/clock", handler) }
        ) { host in
            for turn in 1...2 {
                let activations = try await withThrowingTaskGroup(of: LeverValue?.self) { group in
                    for index in 0..<20 {
                        group.addTask { try await call(index % 2 == 0 ? host.client : host.network, "room/Where") }
                    }
                    return try await group.reduce(into: Set<LeverValue>()) { if let value = $1 { $0.insert(value) } }
                }
                let only = try #require(activations.count == 1 ? activations.first : nil, "\(activations)")
                #expect(only[0] == "room")
                epochs.append(try #require(only[1]?.intValue))
                guard turn == 1 else { return }
                try await wait("the idle resource is closed") { handler.log.contains("close room") }
            }
        }
        return epochs.all
    }

    @Test func aResourceThatIsRefusedSaysWhy() async throws {
        let handler = ClockHandler()
        try await EmbeddedHost.with(prepare: { try await $0.register("dev.lever/clock", handler) }) { host in
            for client in [host.client, host.network] {
                let error = await #expect(throws: RPCError.self) { try await call(client, "refused/Where") }
                #expect(error?.message.contains("no such room") == true)
                #expect(await reason(client, "room/NewResource") == .noMethod)
            }
        }
    }

    @Test func deadlinesHoldForHandlersThatDoNotReturn() async throws {
        let handler = ClockHandler()
        try await EmbeddedHost.with(prepare: { try await $0.register("dev.lever/clock", handler) }) { host in
            for (client, path) in [(host.network, "Hold"), (host.client, "room/Hold"), (host.network, "room/Hold")] {
                let before = handler.held
                var options = CallOptions()
                options.timeout = .seconds(1)
                let url = try LeverURL("lever://dev.lever/clock/\(path)")
                let error = await #expect(throws: RPCError.self) {
                    try await client.call(url, .values([]), options: options)
                }
                #expect(error?.code == .deadlineExceeded)
                #expect(handler.held == before + 1)
            }
            // The resource is given up after the last of its handlers has returned, not before.
            async let gone: Void = host.host.unregister("dev.lever/clock")
            try await wait("the service is refused") {
                do { _ = try await call(host.client, "Echo") } catch let error as RPCError {
                    return error.reason == .noService
                }
                return false
            }
            #expect(!handler.log.contains("close room"))
            handler.release()
            try await gone
            let log = handler.log.filter { $0.hasSuffix(" room") }
            #expect(log == ["new room", "left room", "left room", "close room"])
        }
    }

    @Test func aHandlerThatNeverReturnsDoesNotHoldTheEnd() async throws {
        let handler = ClockHandler()
        try await EmbeddedHost.with(
            { configuration in
                configuration.shutdownTimeout = .milliseconds(200)
                configuration.instances.terminationGrace = .milliseconds(200)
            }, prepare: { try await $0.register("dev.lever/clock", handler) }
        ) { host in
            let url = try LeverURL("lever://dev.lever/clock/room/Hold")
            let client = host.client
            Task { try await client.call(url, .values([])) }
            try await wait("the call is held") { handler.held == 1 }
        }
        // The host has ended; only now may it go on.
        #expect(handler.log == ["new room"])
        handler.release()
    }
}

/// Epochs that were seen.
private final class Epochs: Sendable {
    private let state = Mutex<[Int]>([])

    var all: [Int] { state.withLock { $0 } }

    func append(_ epoch: Int) { state.withLock { $0.append(epoch) } }
}
