import LeverClient
import LeverCore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DeadlineTests {
    @Test func aTasksDeadlineBoundsCallsAndChannels() async throws {
        let handler = RecordingHandler()
        var configuration = LeverClient.Configuration()
        configuration.timeout = .seconds(500)
        let client = LeverClient(transport: InProcessTransport(handler: handler), configuration: configuration)
        let service = try client.service("dev.lever", "hello")
        let deadline = ContinuousClock.now + .seconds(100)
        try await withCallDeadline(deadline) {
            try await service.invoke("Say")
            _ = try await service.channel("FeedChan")
            async let child: Void = service.invoke("Say")
            try await child
            try await service.invoke("Say", options: .timeout(.seconds(1)))
        }
        try await service.invoke("Say")
        let deadlines = handler.calls.map(\.context.deadline)
        #expect(deadlines[0..<3].allSatisfy { $0 == deadline })
        #expect(try #require(deadlines[3]) < deadline)
        #expect(try #require(deadlines[4]) > deadline)
    }

    @Test func theEarliestOfAllCounts() async throws {
        let handler = RecordingHandler()
        let service = try LeverClient(transport: InProcessTransport(handler: handler)).service("dev.lever", "hello")
        let outer = CallContext(url: try LeverURL("lever://dev.lever/front/Show"), deadline: .now + .seconds(50))
        try await withCallTimeout(.seconds(100)) {
            try await CallContext.$current.withValue(outer) { try await service.invoke("Say") }
        }
        try await withCallTimeout(.seconds(10)) {
            try await CallContext.$current.withValue(outer) { try await service.invoke("Say") }
        }
        #expect(handler.calls[0].context.deadline == outer.deadline)
        #expect(try #require(handler.calls[1].context.deadline) < #require(outer.deadline))
    }

    @Test func whatIsLateEnds() async throws {
        let never: RecordingHandler.Unary = { _, _ in
            try await Task.sleep(for: .seconds(3600))
            return .result(nil)
        }
        try await withServers(1, unary: never) { servers in
            let client = try LeverClient(host: servers[0].host)
            let error = await #expect(throws: RPCError.self) {
                try await withCallTimeout(.milliseconds(50)) {
                    try await client.service("dev.lever", "hello").invoke("Say")
                }
            }
            #expect(error?.reason == .deadline)
            await client.shutdown(force: true)
        }
    }
}
