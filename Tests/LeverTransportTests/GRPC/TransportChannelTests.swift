import LeverCore
import LeverTesting
import Synchronization
import Testing

@testable import LeverTransport

@Suite(.timeLimit(.minutes(2)))
struct TransportChannelTests {
    @Test(arguments: TransportUnderTest.allCases)
    func messagesFlowBothWaysInOrder(_ way: TransportUnderTest) async throws {
        try await way.with { transport, handler in
            let channel = try await transport.open(context("EchoChan"), .values(["hello"]))
            let messages: [ChannelMessage] = [
                .value(nil), .value(false), .bytes([]), .bytes([0, 1, 2]), .value(["a": [1, 2]]), .value(""),
            ]
            for message in messages {
                try await channel.send(message)
                #expect(try await channel.receive() == message)
            }
            for number in 0..<2_000 {
                try await channel.send(.value(.number(Double(number))))
                if number % 100 == 99 {
                    for back in (number - 99)...number {
                        #expect(try await channel.receive() == .value(.number(Double(back))))
                    }
                }
            }
            try await channel.finish()
            try await channel.finish()
            #expect(try await channel.receive() == nil)
            #expect(try await channel.receive() == nil)
            #expect(handler.count("echo over") == 1)
            let late = await error { try await channel.send(.value(1)) }
            #expect(late != nil)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func allOfAMethodsMessagesCome(_ way: TransportUnderTest) async throws {
        try await way.with { transport, _ in
            let channel = try await transport.open(context("CountChan"), .values([5_000]))
            var count = 0
            while let message = try await channel.receive() {
                #expect(message == .value(.number(Double(count))))
                count += 1
            }
            #expect(count == 5_000)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func largeMessagesPass(_ way: TransportUnderTest) async throws {
        try await way.with { transport, _ in
            let channel = try await transport.open(context("EchoChan"), .values([]))
            let large = ChannelMessage.bytes([UInt8](repeating: 3, count: 2_000_000))
            try await channel.send(large)
            #expect(try await channel.receive() == large)
            try await channel.finish()
            #expect(try await channel.receive() == nil)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func methodsThatReturnAtOnceAreOpenedAndEnded(_ way: TransportUnderTest) async throws {
        try await way.with { transport, _ in
            let channel = try await transport.open(context("AtOnceChan"), .values([]))
            #expect(try await channel.receive() == nil)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func errorsOfChannels(_ way: TransportUnderTest) async throws {
        try await way.with { transport, handler in
            let refused = await error { try await transport.open(context("RefuseChan"), .values([])) }
            #expect(refused?.reason == .noMethod)

            let late = try await transport.open(context("LateStatusChan"), .values([]))
            #expect(try await late.receive() == .value(1))
            let status = await error { try await late.receive() }
            #expect(status?.code == .dataLoss)
            #expect(status?.message == "it is gone")
            #expect(await error { try await late.receive() }?.code == .dataLoss)

            let own = try await transport.open(context("OwnErrorChan"), .values([]))
            #expect(try await own.receive() == .value(1))
            #expect(try await own.receive() == .error(["code": 7]))
            #expect(try await own.receive() == nil)

            let finished = try await transport.open(context("FinishChan"), .values([]))
            #expect(try await finished.receive() == nil)
            #expect(handler.count("send refused") == 1)

            let cancelled = try await transport.open(context("CancelChan"), .values([]))
            _ = try? await cancelled.receive()
            #expect(await error { try await cancelled.receive() }?.code == .cancelled)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func deadlineEndsAChannel(_ way: TransportUnderTest) async throws {
        try await way.with { transport, handler in
            // On a busy machine a short deadline may pass before the channel is open.
            for timeout in [Duration.milliseconds(200), .seconds(2), .seconds(20)] {
                guard let channel = try? await transport.open(context("IdleChan", timeout: timeout), .values([])),
                    (try? await channel.receive()) == .value("open")
                else { continue }
                let late = await error { try await channel.receive() }
                #expect(late?.code == .deadlineExceeded)
                break
            }
            let isOver = try await eventually { handler.count("idle over") == handler.count("idle began") }
            #expect(isOver)
            #expect(handler.count("idle began") > 0)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func cancelEndsTheHandler(_ way: TransportUnderTest) async throws {
        try await way.with { transport, handler in
            let channel = try await transport.open(context("IdleChan"), .values([]))
            channel.cancel()
            channel.cancel()
            #expect(try await eventually { handler.count("idle over") == 1 })
            _ = try? await channel.receive()
            #expect(await error { try await channel.receive() }?.code == .cancelled)
            #expect(await error { try await channel.send(.value(1)) }?.code == .cancelled)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func aCancelledReceiveLeavesTheChannelUsable(_ way: TransportUnderTest) async throws {
        try await way.with { transport, _ in
            let channel = try await transport.open(context("EchoChan"), .values([]))
            let waiting = Task { try await channel.receive() }
            try await Task.sleep(for: .milliseconds(20))
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            try await channel.send(.value("still here"))
            #expect(try await channel.receive() == .value("still here"))
            channel.cancel()
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func aSlowCallerHoldsTheMethodBack(_ way: TransportUnderTest) async throws {
        try await way.with { transport, handler in
            let channel = try await transport.open(context("FloodChan"), .values([]))
            // It stops, since nobody takes its messages, long before it has sent much.
            #expect(try await eventually { handler.count("flooded") > 3 })
            var last = -1
            #expect(
                try await eventually {
                    let now = handler.count("flooded")
                    defer { last = now }
                    try await Task.sleep(for: .milliseconds(50))
                    return now == last
                })
            #expect(last * 10_000 < 8 * 1024 * 1024)
            // And goes on when they are taken.
            for _ in 0..<(last + 20) { _ = try await channel.receive() }
            #expect(try await eventually { handler.count("flooded") > last })
            channel.cancel()
            #expect(try await eventually { handler.count("flood ended") == 1 })
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func aSlowMethodHoldsItsCallerBack(_ way: TransportUnderTest) async throws {
        try await way.with { transport, handler in
            let channel = try await transport.open(context("LazyChan"), .values([]))
            #expect(try await channel.receive() == .value("open"))
            let sent = Mutex(0)
            let sender = Task {
                for _ in 0..<2_000 {
                    try await channel.send(.bytes([UInt8](repeating: 1, count: 10_000)))
                    sent.withLock { $0 += 1 }
                }
                try await channel.finish()
            }
            var last = -1
            #expect(
                try await eventually {
                    let now = sent.withLock { $0 }
                    defer { last = now }
                    try await Task.sleep(for: .milliseconds(50))
                    return now == last && now > 0
                })
            #expect(last < 1_000)
            handler.note("read now")
            try await sender.value
            #expect(try await channel.receive() == .value(.number(20_000_000)))
            #expect(try await channel.receive() == nil)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func aCancelledSendThrows(_ way: TransportUnderTest) async throws {
        try await way.with { transport, _ in
            let channel = try await transport.open(context("LazyChan"), .values([]))
            let sender = Task {
                while true { try await channel.send(.bytes([UInt8](repeating: 1, count: 100_000))) }
            }
            try await Task.sleep(for: .milliseconds(50))
            sender.cancel()
            await #expect(throws: CancellationError.self) { try await sender.value }
            channel.cancel()
        }
    }
}
