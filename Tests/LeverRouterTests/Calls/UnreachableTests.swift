import LeverCore
import LeverRouter
import LeverTransport
import NIOCore
import Testing

@Suite("Instances that cannot be reached, and bounds on repeating")
struct UnreachableTests {
    @Test("a call to the only instance, which has just died, waits for another instead of failing")
    func crash() async throws {
        try await RouterHarness.run([.echo, .echo]) { harness, instances, routes in
            harness.publish([routes[0]])
            await harness.settle()
            try await instances[0].stop()
            let room = harness.router.waitingRoom
            let call = harness.call()
            let transport = try await harness.router.transport(caller: .host)
            let inside = Task {
                try await transport.call(CallContext(url: LeverURL("lever://dev.lever/hello//Say")), .values([]))
            }
            #expect(await poll { room.count(RouterHarness.service) == 2 })
            #expect(call.current.end == nil)
            // Nobody releases them: they look again by themselves.
            harness.publish([routes[1]])
            await harness.settle()
            #expect(await call.ended().status == 0)
            _ = try? await inside.value
            #expect(instances[1].seen.count == 2)
            #expect(await poll { routes.map(\.gate.inFlight) == [0, 0] })
        }
    }

    @Test("such a wait ends at the deadline")
    func deadline() async throws {
        try await RouterHarness.run([.echo]) { harness, instances, routes in
            try await instances[0].stop()
            let answer = await harness.call(headers: [("grpc-timeout", "100m")]).ended()
            #expect(answer.status == 4)
            let transport = try await harness.router.transport(caller: .host)
            let error = await #expect(throws: RPCError.self) {
                try await transport.call(
                    CallContext(url: LeverURL("lever://dev.lever/hello//Say"), deadline: .now + .milliseconds(100)),
                    .values([]))
            }
            #expect(error?.reason == .deadline)
            #expect(harness.router.waitingRoom.count(RouterHarness.service) == 0)
            #expect(await poll { routes[0].gate.inFlight == 0 })
        }
    }

    @Test("a deadline that passes while the connection is made is a deadline, and no failed start")
    func deadlineWhileConnecting() async throws {
        try await RouterHarness.run([.echo]) { harness, _, _ in
            // A port that takes connections and never speaks.
            let mute = try await ServerSocket.open(on: harness.group)
            let route = InstanceRoute(
                id: InstanceID("mute"), service: RouterHarness.service, version: 1, address: mute.address)
            harness.publish([route])
            await harness.settle()
            for _ in 0..<5 {
                let answer = await harness.call(headers: [("grpc-timeout", "60m")]).ended()
                #expect(answer.status == 4)
                #expect(answer.reason == "deadline")
            }
            #expect(await poll { route.gate.inFlight == 0 })
            try await mute.close()
        }
    }

    @Test("where the budget is used up, a refused call fails at once")
    func budget() async throws {
        var configuration = RouterConfiguration()
        configuration.retryRatio = 0.5
        configuration.retryBurst = 1
        configuration.attempts = 10
        try await RouterHarness.run([.refuse, .refuse, .refuse], configuration: configuration) {
            harness, instances, _ in
            let transport = try await harness.router.transport(caller: .host)
            var repeated: [Int] = []
            for _ in 0..<4 {
                let before = instances.map(\.seen.count).reduce(0, +)
                _ = try? await transport.call(CallContext(url: LeverURL("lever://dev.lever/hello//Say")), .values([]))
                repeated.append(instances.map(\.seen.count).reduce(0, +) - before - 1)
            }
            // One token to begin with, and then one for every two calls.
            #expect(repeated == [1, 0, 1, 0])
        }
    }

    @Test("an end without data that comes while the instance is waited for is passed on")
    func lateEnd() async throws {
        try await RouterHarness.run([.echo]) { harness, instances, routes in
            harness.publish([])
            await harness.settle()
            let call = harness.call(body: nil)
            #expect(await poll { harness.router.waitingRoom.count(RouterHarness.service) == 1 })
            await call.withStream { $0.send(data: ByteBuffer(), endStream: true) }
            harness.publish(routes)
            await harness.settle()
            harness.router.waitingRoom.release(RouterHarness.service, resource: nil)
            #expect(await call.ended().status == 0)
        }
    }

    @Test("the time for late data does not run while the caller still reads its answer")
    func slowReader() async throws {
        var configuration = RouterConfiguration()
        configuration.lateDataTimeout = .milliseconds(50)
        try await RouterHarness.run([.flood(300_000)], configuration: configuration) { harness, instances, _ in
            let call = harness.call(body: nil, readsData: false)
            // The instance has sent all, and the router holds what the caller's window does not take.
            #expect(await poll { call.current.data.count >= 65_535 })
            try await Task.sleep(for: .milliseconds(300))
            #expect(call.current.end == nil, "it was reset though it has not got its answer")
            let got = call.current.data.count
            await call.withStream { $0.giveCredit(got) }
            for _ in 0..<100 where call.current.status == nil {
                let before = call.current.data.count
                await poll { call.current.data.count > before || call.current.status != nil }
                let more = call.current.data.count - before
                await call.withStream { $0.giveCredit(more) }
            }
            #expect(call.current.status == 0)
            #expect(call.current.data.count == 300_000)
            // The caller never ends its half; now the time counts.
            #expect(await call.ended().end == .resetByPeer(.noError))
        }
    }
}
