import LeverCore
@testable import LeverRouter
import LeverTransport
import NIOCore
import Testing

@Suite("Load")
struct LoadTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test("means are weighted by time, and begin anew when they are taken")
    func counter() {
        var counter = LoadCounter(at: Self.start)
        counter.began(isChannel: false, at: Self.start + .seconds(1))
        counter.began(isChannel: true, at: Self.start + .seconds(2))
        counter.ended(isChannel: false, begun: Self.start + .seconds(1), at: Self.start + .seconds(3))
        let first = ServiceLoad(merging: [counter.take(at: Self.start + .seconds(4))])
        #expect(first.interval == .seconds(4))
        #expect(first.calls == 0.5)
        #expect(first.channels == 0.5)
        #expect(first.begun == 1)
        #expect(first.completed == 1)
        #expect(first.completedTime == .seconds(2))
        let second = ServiceLoad(merging: [counter.take(at: Self.start + .seconds(5))])
        #expect(second.interval == .seconds(1))
        #expect(second.calls == 0)
        #expect(second.channels == 1)
        #expect(second.begun == 0)
    }

    @Test("a loop that saw its first call late had none before")
    func merging() {
        var early = LoadCounter(at: Self.start)
        var late = LoadCounter(at: Self.start + .seconds(9))
        late.began(isChannel: false, at: Self.start + .seconds(9))
        let end = Self.start + .seconds(10)
        let load = ServiceLoad(merging: [early.take(at: end), late.take(at: end)])
        #expect(load.interval == .seconds(10))
        #expect(abs(load.calls - 0.1) < 1e-9)
    }

    @Test("a budget holds no more than its burst")
    func budget() {
        var budget = RetryBudget(ratio: 0.5, burst: 2)
        for _ in 0..<10 { budget.callBegan() }
        var taken: [Bool] = []
        for _ in 0..<4 { taken.append(budget.take()) }
        for _ in 0..<2 {
            budget.callBegan()
            taken.append(budget.take())
        }
        #expect(taken == [true, true, false, false, false, true])
    }

    @Test("the router counts calls with their wait, channels, and calls that start in the host")
    func router() async throws {
        try await RouterHarness.run([.echo, .stream]) { harness, _, routes in
            let router = harness.router
            harness.publish([routes[0]])
            await harness.settle()
            for _ in 0..<5 { _ = await harness.call().ended() }
            let transport = try await router.transport(caller: .host)
            _ = try? await transport.call(CallContext(url: LeverURL("lever://dev.lever/hello//Say")), .values([]))
            let load = await router.takeLoad(of: RouterHarness.service)
            #expect(load.begun == 6)
            #expect(load.completed == 6)
            #expect(load.calls > 0)
            #expect(load.completedTime > .zero)
            #expect(load.channels == 0)
            harness.publish([])
            await harness.settle()
            let waiting = harness.call()
            #expect(await poll { router.waitingRoom.count(RouterHarness.service) == 1 })
            let during = await router.takeLoad(of: RouterHarness.service)
            #expect(during.begun == 1)
            #expect(during.completed == 0)
            #expect(during.calls > 0)
            harness.publish([routes[1]])
            await harness.settle()
            router.waitingRoom.release(RouterHarness.service, resource: nil)
            #expect(await waiting.ended().status == 0)
            let channel = harness.call(
                url: "lever://dev.lever/hello//TalkChan", path: RPCHeader.channelPath, body: nil)
            await channel.withStream { $0.send(data: ByteBuffer(bytes: [1])) }
            #expect(await poll { channel.current.data.count == 1 })
            _ = await router.takeLoad(of: RouterHarness.service)
            let open = await router.takeLoad(of: RouterHarness.service)
            // The loops are asked one after the other, which shows in an interval as short as this.
            #expect(open.channels > 0.2 && open.channels < 1.01)
            #expect(open.calls == 0)
            await channel.withStream { $0.send(data: ByteBuffer(), endStream: true) }
            #expect(await channel.ended().status == 0)
            router.update { $0.remove(RouterHarness.service) }
            await harness.settle()
            let removed = await router.takeLoad(of: RouterHarness.service)
            #expect(removed == ServiceLoad())
        }
    }
}
