import LeverClient
import LeverCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HedgingTests {
    /// What the first call does; all others are answered with their number.
    private func handler(first: @escaping @Sendable () async throws -> RPCReply) -> RecordingHandler {
        let count = Mutex(0)
        return RecordingHandler { _, _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number == 1 ? try await first() : .result(.number(Double(number)))
        }
    }

    private func service(_ handler: RecordingHandler, _ policy: HedgingPolicy) throws -> ServiceEndpoint {
        var configuration = LeverClient.Configuration()
        configuration.hedging = policy
        return try LeverClient(transport: InProcessTransport(handler: handler), configuration: configuration)
            .service("dev.lever", "hello")
    }

    private func forever() async throws -> RPCReply {
        try await Task.sleep(for: .seconds(3600))
        return .result(nil)
    }

    @Test func aSlowCallIsMadeAgainAndTheOtherIsCancelled() async throws {
        let cancelled = Mutex(false)
        let handler = handler {
            do {
                return try await forever()
            } catch {
                cancelled.withLock { $0 = true }
                throw error
            }
        }
        let service = try service(handler, HedgingPolicy(delay: .milliseconds(1))).idempotent
        #expect(try await service.invoke("Say", as: Int.self) == 2)
        try await eventually { cancelled.withLock { $0 } }
        #expect(handler.calls.count == 2)
    }

    @Test func onlyIdempotentCallsAreHedged() async throws {
        let handler = handler { .result(1) }
        let service = try service(handler, HedgingPolicy(delay: .zero, maximumAttempts: 5))
        #expect(try await service.invoke("Say", as: Int.self) == 1)
        #expect(handler.calls.count == 1)
    }

    @Test func aFailedAttemptIsFollowedAtOnce() async throws {
        let lost = RPCError(.instanceDied, "the instance died")
        let handler = handler { throw lost }
        let service = try service(handler, HedgingPolicy(delay: .seconds(3600))).idempotent
        #expect(try await service.invoke("Say", as: Int.self) == 2)
    }

    @Test func aFailureThatNoAttemptMendsEndsTheCall() async throws {
        let missing = RPCError(.noService, "there is no service \"hello\"")
        let handler = handler { throw missing }
        let service = try service(handler, HedgingPolicy(delay: .seconds(3600))).idempotent
        await #expect(throws: missing) { try await service.invoke("Say") }
        #expect(handler.calls.count == 1)
    }

    @Test func cancellingTheCallCancelsAllAttempts() async throws {
        let handler = RecordingHandler { _, _ in try await forever() }
        let service = try service(handler, HedgingPolicy(delay: .zero, maximumAttempts: 3)).idempotent
        let task = Task { try await service.invoke("Say") }
        try await eventually { handler.calls.count == 3 }
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
    }
}
