import LeverClient
import LeverCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RetryTests {
    /// Fails so many times, then answers with the number of calls.
    private func failing(_ times: Int, with error: RPCError) -> RecordingHandler {
        let count = Mutex(0)
        return RecordingHandler(
            unary: { _, _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                guard number > times else { throw error }
                return .result(.number(Double(number)))
            },
            channel: { _, _, channel in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                guard number > times else { throw error }
                try await channel.send(.value(.number(Double(number))))
            })
    }

    private func service(
        _ handler: RecordingHandler, _ change: (inout RetryPolicy) -> Void = { _ in }
    ) throws -> ServiceEndpoint {
        var policy = RetryPolicy.defaults
        policy.backoff = Backoff(initial: .microseconds(10), maximum: .microseconds(20))
        change(&policy)
        var configuration = LeverClient.Configuration()
        configuration.retries = policy
        return try LeverClient(transport: InProcessTransport(handler: handler), configuration: configuration)
            .service("dev.lever", "hello")
    }

    private let lost = RPCError(.instanceDied, "the instance died")
    private let full = RPCError(.queueFull, "10 calls wait already")

    @Test func atMostOnceIsTheDefault() async throws {
        let handler = failing(1, with: full)
        let client = LeverClient(transport: InProcessTransport(handler: handler))
        await #expect(throws: full) { try await client.service("dev.lever", "hello").idempotent.invoke("Say") }
        #expect(handler.calls.count == 1)
    }

    @Test func callsThatDidNotBeginAreMadeAgain() async throws {
        let handler = failing(2, with: full)
        #expect(try await service(handler).invoke("Say", as: Int.self) == 3)
    }

    @Test func callsThatMayHaveBegunAreMadeAgainOnlyWhereTheyAreIdempotent() async throws {
        let once = failing(1, with: lost)
        await #expect(throws: lost) { try await service(once).invoke("Say") }
        #expect(once.calls.count == 1)

        let twice = failing(1, with: lost)
        #expect(try await service(twice).idempotent.invoke("Say", as: Int.self) == 2)
        let byOption = failing(1, with: lost)
        #expect(try await service(byOption).invoke("Say", as: Int.self, options: .idempotent) == 2)
        // What a call says of itself counts more than what its endpoint says.
        let not = failing(1, with: lost)
        await #expect(throws: lost) { try await service(not).idempotent.invoke("Say", options: .defaults) }
    }

    @Test func theLastFailureIsTheCalls() async throws {
        let handler = failing(100, with: full)
        await #expect(throws: full) { try await service(handler) { $0.maximumAttempts = 3 }.invoke("Say") }
        #expect(handler.calls.count == 3)
    }

    @Test func aMethodsOwnErrorIsAnAnswer() async throws {
        let handler = RecordingHandler { _, _ in .error("sold out") }
        await #expect(throws: RemoteError.self) { try await service(handler).idempotent.invoke("Say") }
        #expect(handler.calls.count == 1)
    }

    @Test func channelsAreOpenedAgain() async throws {
        let handler = failing(2, with: full)
        let channel = try await service(handler).channel("FeedChan")
        #expect(try await channel.receive(as: Int.self) == 3)
    }

    @Test func theBudgetOfTheClientBoundsAllItsCalls() async throws {
        let handler = failing(.max, with: full)
        let service = try service(handler) { $0.maximumAttempts = 2 }
        for _ in 0..<100 { await #expect(throws: full) { try await service.invoke("Say") } }
        // 10 failures leave half of the 20 tokens: each call before cost two of them.
        #expect(handler.calls.count == 100 + 5)
    }

    @Test func theWaitBetweenAttemptsCanBeCancelled() async throws {
        let handler = failing(.max, with: full)
        let service = try service(handler) {
            $0.backoff = Backoff(initial: .seconds(3600), maximum: .seconds(3600))
        }
        let task = Task { try await service.invoke("Say") }
        try await eventually { handler.calls.count == 1 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func overTheNetworkAHostThatComesUpIsFound() async throws {
        let reserved = try await TestServer.start(RecordingHandler())
        await reserved.stop()
        var configuration = LeverClient.Configuration()
        var policy = RetryPolicy.defaults
        policy.maximumAttempts = 100
        policy.backoff = Backoff(initial: .milliseconds(10), maximum: .milliseconds(20))
        policy.budget.tokens = 1_000
        configuration.retries = policy
        let client = try LeverClient(host: reserved.host, configuration: configuration)
        async let answer = client.service("dev.lever", "hello").invoke("Say", as: Int.self)
        let server = try await TestServer.start(RecordingHandler { _, _ in .result(7) }, port: reserved.port)
        #expect(try await answer == 7)
        #expect(server.count == 1)
        await client.shutdown()
        await server.stop()
    }
}
