import LeverTesting
import NIOCore
import Synchronization
import Testing

@testable import LeverTransport

@Suite(.timeLimit(.minutes(2)))
struct HTTP1BudgetTests {
    private func withListener(
        limit: Int, _ body: (Listener, ProbeHTTPHandler, BufferBudget) async throws -> Void
    ) async throws {
        let budget = BufferBudget(limit: limit)
        var configuration = ListenerConfiguration()
        configuration.http2.budget = budget
        try await ProbeHTTPHandler.withListener(configuration: configuration) { listener, handler in
            try await body(listener, handler, budget)
        }
        let isFree = try await eventually { budget.usedBytes == 0 }
        #expect(isFree, "\(budget.usedBytes) bytes are held at the end")
    }

    @Test func overTheBudgetRequestsAreRefused() async throws {
        try await withListener(limit: 1_000) { listener, handler, budget in
            budget.add(2_000)
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")
            let refused = try await connection.receives("\"code\":\"RESOURCE_EXHAUSTED\"")
            #expect(refused)
            #expect(connection.text.hasPrefix("HTTP/1.1 429 "))
            #expect(connection.text.contains("lever-error-reason: limit-reached\r\n"))
            let closed = try await connection.isClosedByPeer()
            #expect(closed)
            #expect(handler.count("began /head") == 0)
            budget.add(-2_000)
            let next = try await RawConnection(to: listener.localAddress)
            try await next.send("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")
            let served = try await next.receives("200 OK")
            #expect(served)
            await next.close()
        }
    }

    @Test func aResponseThatNobodyReadsCountsUntilItsConnectionEnds() async throws {
        try await withListener(limit: 100_000_000) { listener, handler, budget in
            let slow = try await RawConnection(to: listener.localAddress, reads: false)
            try await slow.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
            let held = try await eventually { budget.usedBytes > 0 }
            #expect(held)
            await slow.close()
        }
    }

    @Test func aResponseThatWouldAddToWhatIsHeldIsBrokenOff() async throws {
        try await withListener(limit: 10_000) { listener, handler, budget in
            let slow = try await RawConnection(to: listener.localAddress, reads: false)
            try await slow.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
            let ends = ["ended", "peerGone", "CancellationError()"]
            let broken = try await eventually { ends.contains { handler.count($0) > 0 } }
            #expect(broken, "\(handler.events.withLock { $0 }), \(budget.usedBytes)")
            #expect(handler.count("flooded") < 1_000)
            let isFree = try await eventually { budget.usedBytes == 0 }
            #expect(isFree)
            try await slow.startReading()
            let closed = try await slow.isClosedByPeer()
            #expect(closed)
        }
    }

    @Test func aBodyThatIsNotTakenCounts() async throws {
        try await withListener(limit: 100_000_000) { listener, handler, budget in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send("POST /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n")
            try await connection.send([UInt8](repeating: 1, count: 20_000))
            let held = try await eventually { budget.usedBytes == 20_000 }
            #expect(held, "\(budget.usedBytes)")
            await connection.close()
        }
    }
}
