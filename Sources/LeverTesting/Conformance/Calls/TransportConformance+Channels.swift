import LeverCore
import Synchronization

extension TransportConformance {
    static let channels = [
        check("messages flow both ways in their order, and the channel ends when the method returns") {
            transport, probe in
            let channel = try await transport.open(context("EchoChan"), .values(["hello"]))
            let messages: [ChannelMessage] = [
                .value(nil), .value(false), .bytes([]), .bytes([0, 1, 2]), .value(["a": [1, 2]]), .value(""),
                .bytes([UInt8](repeating: 3, count: 2_000_000)),
            ]
            for message in messages {
                try await channel.send(message)
                let back = try await channel.receive()
                try expect(back == message, "a message came back as another")
            }
            for number in 0..<2_000 {
                try await channel.send(.value(.number(Double(number))))
                guard number % 100 == 99 else { continue }
                for expected in (number - 99)...number {
                    try expect(try await channel.receive(), is: .value(.number(Double(expected))), "message")
                }
            }
            for _ in 1...2 { try await channel.finish() }
            for _ in 1...2 { try expect(try await channel.receive(), is: nil, "message after the end") }
            try expect(probe.count("echo over"), is: 1, "ends of the method")
            try await expect(throwing: RPCError.self) { try await channel.send(.value(1)) }
        },
        check("all of a method's messages come, though it has returned") { transport, _ in
            let channel = try await transport.open(context("CountChan"), .values([5_000]))
            var count = 0
            while let message = try await channel.receive() {
                try expect(message, is: .value(.number(Double(count))), "message \(count)")
                count += 1
            }
            try expect(count, is: 5_000, "messages")
        },
        check("a method that returns at once was open, and so was one that only accepts") { transport, probe in
            let ended = try await transport.open(context("AtOnceChan"), .values([]))
            try expect(try await ended.receive(), is: nil, "message")
            let accepted = try await transport.open(context("AcceptChan"), .values([]))
            try await probe.waitFor("accepted")
            accepted.cancel()
        },
        check("errors end channels: before they are open, later, and as the method's own") { transport, probe in
            let refused = try await expect(throwing: RPCError.self) {
                _ = try await transport.open(context("NothingChan"), .values([]))
            }
            try expect(refused.code, is: .unimplemented, "code of a channel method that there is not")

            let late = try await transport.open(context("LateStatusChan"), .values([]))
            try expect(try await late.receive(), is: .value(1), "message before the error")
            for _ in 1...2 {
                let status = try await expect(throwing: RPCError.self) { _ = try await late.receive() }
                try expect(status.code, is: .dataLoss, "code")
                try expect(status.message, is: "it is gone", "message")
            }

            let own = try await transport.open(context("OwnErrorChan"), .values([]))
            for expected: ChannelMessage? in [.value(1), .error(["code": 7]), nil] {
                try expect(try await own.receive(), is: expected, "message")
            }

            let finished = try await transport.open(context("FinishChan"), .values([]))
            try expect(try await finished.receive(), is: nil, "message")
            try expect(probe.count("send refused"), is: 1, "sends after the end that were refused")

            let cancelled = try await transport.open(context("CancelChan"), .values([]))
            _ = try? await cancelled.receive()
            let error = try await expect(throwing: RPCError.self) { _ = try await cancelled.receive() }
            try expect(error.code, is: .cancelled, "code of a channel that its method cancelled")
        },
        check("cancelling a channel ends its handler") { transport, probe in
            let channel = try await transport.open(context("IdleChan"), .values([]))
            for _ in 1...2 { channel.cancel() }
            try await probe.waitFor("idle over")
            _ = try? await channel.receive()
            for body in [
                { _ = try await channel.receive() },
                { try await channel.send(.value(1)) },
            ] as [@Sendable () async throws -> Void] {
                let error = try await expect(throwing: RPCError.self, body)
                try expect(error.code, is: .cancelled, "code")
            }
        },
        check("a receive that is cancelled leaves the channel usable") { transport, _ in
            let channel = try await transport.open(context("EchoChan"), .values([]))
            let waiting = Task { _ = try await channel.receive() }
            await Task.yield()
            waiting.cancel()
            try await expect(throwing: CancellationError.self) { try await waiting.value }
            try await channel.send(.value("still here"))
            try expect(try await channel.receive(), is: .value("still here"), "message")
            channel.cancel()
        },
    ]

    static let pressure = [
        check("a slow caller holds the method back, with less than 8 MiB on the way") { transport, probe in
            let channel = try await transport.open(context("FloodChan"), .values([]))
            try await probe.waitFor("flooded", count: 3)
            let sent = try await settled { probe.count("flooded") }
            try expect(sent * 10_000 < 8 * 1024 * 1024, "\(sent * 10_000) bytes were sent while nobody took any")
            // It goes on when they are taken.
            for _ in 0..<(sent + 20) { _ = try await channel.receive() }
            try await probe.waitFor("flooded", count: sent + 1)
            channel.cancel()
            try await probe.waitFor("flood ended")
        },
        check("a slow method holds its caller back, and a send that waits can be cancelled") { transport, probe in
            let channel = try await transport.open(context("LazyChan"), .values([]))
            try expect(try await channel.receive(), is: .value("open"), "message")
            let sent = Mutex(0)
            let block = ChannelMessage.bytes([UInt8](repeating: 1, count: 10_000))
            let sender = Task {
                while true {
                    try await channel.send(block)
                    sent.withLock { $0 += 1 }
                }
            }
            let count = try await settled { sent.withLock { $0 } }
            try expect(count < 1_000, "\(count * 10_000) bytes were sent while nobody took any")
            sender.cancel()
            try await expect(throwing: CancellationError.self) { try await sender.value }
            probe.note("read now")
            try await channel.finish()
            guard case .value(let total)? = try await channel.receive(), let bytes = total.intValue else {
                throw TestFailure("the method did not say how much it got")
            }
            // The one that was cancelled may have been on its way, or not.
            try expect(
                [count * 10_000, (count + 1) * 10_000].contains(bytes), "of \(count) blocks \(bytes) bytes came")
        },
    ]

    /// A number that has stopped rising.
    private static func settled(_ value: @Sendable () -> Int) async throws -> Int {
        var last = -1
        let isStill = try await eventually {
            let now = value()
            defer { last = now }
            try await Task.sleep(for: .milliseconds(50))
            return now == last && now > 0
        }
        try expect(isStill, "it goes on and on, with \(last) by now")
        return last
    }
}
