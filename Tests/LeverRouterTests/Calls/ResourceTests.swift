import LeverCore
import LeverRouter
import LeverTransport
import NIOCore
import Testing

@Suite("Calls of resources")
struct ResourceTests {
    private static let url = "lever://dev.lever/hello/room/1/Say"
    private static let room = ResourceID("room")

    private func waiting(_ harness: RouterHarness, _ resource: ResourceID?) -> Int {
        harness.router.waitingRoom.count(RouterHarness.service, resource: resource)
    }

    @Test("go to the instance that holds the resource, with its epoch and an id of the call")
    func holder() async throws {
        try await RouterHarness.run([.echo, .echo]) { harness, instances, routes in
            let activation = harness.activate("room/1", epoch: 7, on: routes[1])
            await harness.settle()
            for _ in 0..<10 { #expect(await harness.call(url: Self.url).ended().status == 0) }
            _ = await harness.call(url: Self.url, headers: [("lever-call-id", "mine")]).ended()
            #expect(instances[0].seen.isEmpty)
            let seen = instances[1].seen.map(\.headers)
            #expect(seen.count == 11)
            #expect(Set(seen.map { $0["lever-resource-epoch"] }) == ["\(activation.epoch)"])
            #expect(Set(seen.compactMap { $0["lever-call-id"] }).count == 11, "each call has an id of its own")
            #expect(seen.last?["lever-call-id"] == "mine")
            #expect(await poll { activation.gate.inFlight == 0 && routes[1].gate.inFlight == 0 })
        }
    }

    @Test("go there from inside the host, too")
    func fromInside() async throws {
        try await RouterHarness.run([.echo, .echo]) { harness, instances, routes in
            let activation = harness.activate("room", epoch: 3, on: routes[1])
            await harness.settle()
            let transport = try await harness.router.transport(caller: .host)
            for _ in 0..<5 {
                // The test's instance echoes the arguments, which are no reply; it has been called all the same.
                _ = try? await transport.call(
                    CallContext(url: LeverURL("lever://dev.lever/hello/room/Say")), .values([]))
            }
            #expect(instances.map(\.seen.count) == [0, 5])
            #expect(instances[1].seen.allSatisfy { $0.headers["lever-resource-epoch"] == "\(activation.epoch)" })
            #expect(Set(instances[1].seen.compactMap { $0.headers["lever-call-id"] }).count == 5)
            #expect(await poll { activation.gate.inFlight == 0 && routes[1].gate.inFlight == 0 })
            let error = await #expect(throws: RPCError.self) {
                try await transport.call(
                    CallContext(url: LeverURL("lever://dev.lever/hello//NewResource")), .values([]))
            }
            #expect(error?.reason == .noMethod)
        }
    }

    @Test("wait for an activation in a group of their own")
    func waiting() async throws {
        try await RouterHarness.run([.echo]) { harness, instances, routes in
            let calls = (0..<3).map { _ in harness.call(url: "lever://dev.lever/hello/room/Say") }
            let other = harness.call(url: "lever://dev.lever/hello/other/Say")
            #expect(await poll { waiting(harness, Self.room) == 3 && waiting(harness, ResourceID("other")) == 1 })
            #expect(harness.router.waitingRoom.count(RouterHarness.service) == 4)
            #expect(await harness.call().ended().status == 0, "calls without a resource have somewhere to go")
            harness.activate("room", on: routes[0])
            await harness.settle()
            harness.router.waitingRoom.release(RouterHarness.service, resource: Self.room)
            for call in calls { #expect(await call.ended().status == 0) }
            #expect(waiting(harness, ResourceID("other")) == 1)
            harness.router.waitingRoom.releaseAll(
                RouterHarness.service, failing: RPCError(.resourceUnavailable, "not today"))
            #expect(await other.ended().reason == "resource-unavailable")
            #expect(instances[0].seen.count == 4)
        }
    }

    @Test("count in the instance's gate though it is closed, and wait at the activation's")
    func gates() async throws {
        try await RouterHarness.run([.echo]) { harness, instances, routes in
            let activation = harness.activate("room", on: routes[0])
            await harness.settle()
            routes[0].gate.close {}
            #expect(await harness.call(url: "lever://dev.lever/hello/room/Say").ended().status == 0)
            activation.gate.close {}
            let call = harness.call(url: "lever://dev.lever/hello/room/Say")
            #expect(await poll { waiting(harness, Self.room) == 1 })
            harness.activate("room", epoch: 2, on: routes[0])
            await harness.settle()
            harness.router.waitingRoom.release(RouterHarness.service, resource: Self.room)
            #expect(await call.ended().status == 0)
            let epochs = instances[0].seen.map { $0.headers["lever-resource-epoch"] }
            #expect(epochs == ["\(Epoch(term: 1, counter: 1))", "\(Epoch(term: 1, counter: 2))"])
        }
    }

    @Test("a call made on behalf of one inside enters the closed gate, over whichever loop it comes")
    func nested() async throws {
        try await RouterHarness.run([.silent]) { harness, instances, routes in
            let url = "lever://dev.lever/hello/room/Say"
            let activation = harness.activate("room", on: routes[0])
            await harness.settle()
            let outer = harness.call(url: url)
            #expect(await poll { instances[0].seen.count == 1 })
            let id = try #require(instances[0].seen[0].headers["lever-call-id"])
            activation.gate.close {}
            instances[0].behave(.echo)
            for _ in 0..<6 {
                let inner = try await harness.callOverNewConnection(url: url, headers: [("lever-call-id", id)])
                #expect(await inner.ended().status == 0)
            }
            let stranger = try await harness.callOverNewConnection(url: url, headers: [("lever-call-id", "other")])
            #expect(await poll { waiting(harness, Self.room) == 1 })
            #expect(stranger.current.end == nil)
            await outer.withStream { $0.reset(.cancel) }
            #expect(await poll { activation.gate.inFlight == 0 && routes[0].gate.inFlight == 0 })
            #expect(!activation.gate.enterNested())
            harness.router.waitingRoom.releaseAll(RouterHarness.service, failing: RPCError(.shuttingDown, "over"))
            _ = await stranger.ended()
        }
    }

    @Test("a refused call is tried at the same instance alone, and waits where the activation is gone")
    func refused() async throws {
        var configuration = RouterConfiguration()
        configuration.attempts = 8
        try await RouterHarness.run([.refuse, .echo], configuration: configuration) { harness, instances, routes in
            harness.activate("room", on: routes[0])
            await harness.settle()
            let answer = await harness.call(url: "lever://dev.lever/hello/room/Say").ended()
            #expect(answer.reason == "start-failed")
            #expect(instances.map(\.seen.count) == [8, 0])
            let call = harness.call(url: "lever://dev.lever/hello/room/Say")
            #expect(await poll { instances[0].seen.count > 8 })
            harness.router.update { $0.forget(Self.room, epoch: Epoch(term: 1, counter: 1), of: RouterHarness.service) }
            await harness.settle()
            #expect(await poll { waiting(harness, Self.room) == 1 })
            harness.activate("room", epoch: 2, on: routes[1])
            await harness.settle()
            harness.router.waitingRoom.release(RouterHarness.service, resource: Self.room)
            #expect(await call.ended().status == 0)
        }
    }

    @Test("calls and channels of an activation, or of an instance, can be ended from outside")
    func ends() async throws {
        try await RouterHarness.run([.silent]) { harness, instances, routes in
            let activation = harness.activate("room", on: routes[0])
            await harness.settle()
            let call = harness.call(url: "lever://dev.lever/hello/room/Say")
            let channel = harness.call(
                url: "lever://dev.lever/hello/room/TalkChan", path: RPCHeader.channelPath, body: nil)
            let plain = harness.call()
            let transport = try await harness.router.transport(caller: .host)
            let inside = Task {
                try await transport.call(CallContext(url: LeverURL("lever://dev.lever/hello/room/Say")), .values([]))
            }
            #expect(await poll { activation.gate.inFlight == 3 && instances[0].seen.count == 4 })
            let moved = RPCError(.resourceUnavailable, "it has moved")
            harness.router.end(.channels, of: activation, with: moved)
            let answer = await channel.answer()
            #expect(answer.status == 14)
            #expect(answer.message == "it has moved")
            #expect(await poll { activation.gate.inFlight == 2 })
            harness.router.end(.all, of: activation, with: moved)
            #expect(await call.ended().reason == "resource-unavailable")
            await #expect(throws: moved) { try await inside.value }
            #expect(await poll { activation.gate.inFlight == 0 && routes[0].gate.inFlight == 1 })
            #expect(plain.current.end == nil)
            harness.router.end(.calls, of: routes[0], with: RPCError(.shuttingDown, "over"))
            #expect(await plain.ended().reason == "shutting-down")
            #expect(await poll { routes[0].gate.inFlight == 0 })
            #expect(await poll { instances[0].seen.allSatisfy { $0.end == .resetByPeer(.cancel) } })
        }
    }
}
