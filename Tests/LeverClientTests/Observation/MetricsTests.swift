import CoreMetrics
import LeverClient
import LeverCore
import MetricsTestKit
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MetricsTests {
    private let metrics = TestMetrics()

    private func client(_ handler: RecordingHandler, methods: Int = 200) -> LeverClient {
        var configuration = LeverClient.Configuration()
        configuration.metrics = metrics
        configuration.maximumMeasuredMethods = methods
        return LeverClient(transport: InProcessTransport(handler: handler), configuration: configuration)
    }

    private func dimensions(_ method: String, _ outcome: String? = nil) -> [(String, String)] {
        let method = [("environment", "dev.lever"), ("service", "hello"), ("method", method)]
        return outcome.map { method + [("outcome", $0)] } ?? method
    }

    private func calls(_ method: String, _ outcome: String) throws -> Int64 {
        try metrics.expectCounter("lever.client.calls", dimensions(method, outcome)).totalValue
    }

    @Test func callsAreCountedByMethodAndOutcome() async throws {
        let handler = RecordingHandler { context, _ in
            switch context.url.method.rawValue {
            case "Fail": .error("no")
            case "Lose": throw RPCError(.instanceDied, "gone")
            default: .result(nil)
            }
        }
        let service = try client(handler).service("dev.lever", "hello")
        for room in ["a", "b", "c"] { try await service.resource(room).invoke("Say") }
        try? await service.invoke("Fail")
        try? await service.invoke("Lose")
        #expect(try calls("Say", "ok") == 3)
        #expect(try calls("Fail", "method-error") == 1)
        #expect(try calls("Lose", "UNAVAILABLE") == 1)
        let durations = try metrics.expectTimer("lever.client.call.duration", dimensions("Say")).values
        #expect(durations.count == 3)
        #expect(durations.allSatisfy { $0 > 0 && $0 < 60_000_000_000 })
        // Resources are no dimension.
        #expect(metrics.counters.count == 3)
    }

    @Test func callsInProgressAreSeen() async throws {
        let (entered, entering) = AsyncStream.makeStream(of: Void.self)
        let (left, leaving) = AsyncStream.makeStream(of: Void.self)
        let handler = RecordingHandler { _, _ in
            entering.yield()
            for await _ in left { break }
            return .result(nil)
        }
        let service = try client(handler).service("dev.lever", "hello")
        async let call: Void = service.invoke("Say")
        for await _ in entered { break }
        let active = try metrics.expectMeter("lever.client.calls.active", dimensions("Say"))
        #expect(active.lastValue == 1)
        leaving.yield()
        try await call
        #expect(active.lastValue == 0)
    }

    @Test func aChannelCountsOnceItHasEnded() async throws {
        let handler = RecordingHandler(channel: { _, _, channel in try await channel.send(.value("x")) })
        let service = try client(handler).service("dev.lever", "hello")
        let channel = try await service.channel("FeedChan")
        let active = try metrics.expectMeter("lever.client.calls.active", dimensions("FeedChan"))
        #expect(active.lastValue == 1)
        #expect(try await channel.receive(as: String.self) == "x")
        #expect(metrics.counters.isEmpty)
        #expect(try await channel.receive() == nil)
        #expect(try calls("FeedChan", "ok") == 1)
        #expect(active.lastValue == 0)
    }

    @Test func theNumberOfDimensionsIsBounded() async throws {
        let service = try client(RecordingHandler(), methods: 2).service("dev.lever", "hello")
        for number in 0..<10 { try await service.invoke("Say\(number)") }
        #expect(try calls("Say0", "ok") == 1)
        #expect(try calls("Say1", "ok") == 1)
        let other = [("environment", "other"), ("service", "other"), ("method", "other"), ("outcome", "ok")]
        #expect(try metrics.expectCounter("lever.client.calls", other).totalValue == 8)
        #expect(metrics.counters.count == 3)
    }

    @Test func aRetriedCallIsOne() async throws {
        let handler = RecordingHandler { context, _ in throw RPCError(.queueFull, "full") }
        var configuration = LeverClient.Configuration()
        configuration.metrics = metrics
        var policy = RetryPolicy.defaults
        policy.backoff = Backoff(initial: .microseconds(1), maximum: .microseconds(1))
        configuration.retries = policy
        let client = LeverClient(transport: InProcessTransport(handler: handler), configuration: configuration)
        try? await client.service("dev.lever", "hello").invoke("Say")
        #expect(handler.calls.count == 4)
        #expect(try calls("Say", "RESOURCE_EXHAUSTED") == 1)
    }
}
