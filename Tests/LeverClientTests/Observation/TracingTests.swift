import InMemoryTracing
import LeverClient
import LeverCore
import Testing
import Tracing

@Suite(.timeLimit(.minutes(1)))
struct TracingTests {
    private let tracer = W3CTracer()

    private func service(
        _ handler: RecordingHandler, _ change: (inout LeverClient.Configuration) -> Void = { _ in }
    ) throws -> ServiceEndpoint {
        var configuration = LeverClient.Configuration()
        change(&configuration)
        return try LeverClient(transport: InProcessTransport(handler: handler), configuration: configuration)
            .service("dev.lever", "hello")
    }

    private func header(_ name: String, _ handler: RecordingHandler) -> [String?] {
        handler.calls.map { call in call.context.metadata.first { $0.name == name }?.value }
    }

    @Test func aCallIsASpanAndTakesItsContextAlong() async throws {
        let handler = RecordingHandler()
        let service = try service(handler).resource("room")
        try await withTracer(tracer) {
            try await tracer.spans.withSpan("outer") { _ in
                try await service.invoke("Say", options: CallOptions(metadata: [("traceparent", "stale")]))
            }
        }
        let spans = tracer.spans.finishedSpans
        let span = try #require(spans.first)
        #expect(spans.count == 2)
        #expect(span.operationName == "hello/Say")
        #expect(span.kind == .client)
        #expect(span.parentSpanID == spans[1].spanID)
        #expect(span.attributes.get("rpc.system") == .string("lever"))
        #expect(span.attributes.get("rpc.service") == .string("hello"))
        #expect(span.attributes.get("rpc.method") == .string("Say"))
        #expect(span.attributes.get("lever.environment") == .string("dev.lever"))
        #expect(span.attributes.get("lever.resource") == .string("room"))
        #expect(span.attributes.get("lever.outcome") == .string("ok"))
        #expect(span.status == nil)
        #expect(header("traceparent", handler) == ["00-\(span.traceID)-\(span.spanID)-01"])
        #expect(header("tracestate", handler) == ["lever=test"])
        #expect(handler.calls[0].context.metadata.count == 2)
    }

    @Test func failuresAreInTheirSpans() async throws {
        let handler = RecordingHandler { context, _ in
            guard context.url.method.rawValue == "Own" else { throw RPCError(.noService, "no") }
            return .error("sold out")
        }
        let service = try service(handler)
        try await withTracer(tracer) {
            await #expect(throws: RPCError.self) { try await service.invoke("Say") }
            await #expect(throws: RemoteError.self) { try await service.invoke("Own") }
        }
        let spans = tracer.spans.finishedSpans
        #expect(spans.map { $0.attributes.get("lever.outcome") } == [.string("NOT_FOUND"), .string("method-error")])
        #expect(spans[0].attributes.get("rpc.grpc.status_code") == .int64(5))
        #expect(spans[0].attributes.get("error.type") == .string("no-service"))
        #expect(spans[0].errors.count == 1)
        #expect(spans.allSatisfy { $0.status?.code == .error })
    }

    @Test func theSpanOfAChannelLastsUntilItsEnd() async throws {
        let handler = RecordingHandler(channel: { _, _, channel in
            while let message = try await channel.receive() { try await channel.send(message) }
        })
        let service = try service(handler)
        try await withTracer(tracer) {
            let channel = try await service.channel("FeedChan")
            try await channel.send("x")
            #expect(try await channel.receive(as: String.self) == "x")
            #expect(tracer.spans.finishedSpans.isEmpty)
            try await channel.finish()
            #expect(try await channel.receive() == nil)
            #expect(tracer.spans.finishedSpans.map { $0.attributes.get("lever.outcome") } == [.string("ok")])
            // One that is dropped is one that was given up.
            _ = try await service.channel("FeedChan")
            #expect(tracer.spans.finishedSpans.last?.attributes.get("lever.outcome") == .string("CANCELLED"))
            #expect(tracer.spans.activeSpans.isEmpty)
        }
    }

    @Test func aCallOfAHandlerContinuesTheTraceOfTheCallToIt() async throws {
        let inner = RecordingHandler()
        let innerService = try service(inner)
        let outer = CallContext(
            url: try LeverURL("lever://dev.lever/front/Show"),
            metadata: [
                ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("cookie", "secret"),
            ])
        // A program without a tracer passes on what came.
        try await CallContext.$current.withValue(outer) { try await innerService.invoke("Say") }
        #expect(inner.calls[0].context.metadata.map(\.name) == ["traceparent"])
        #expect(header("traceparent", inner) == ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"])
        // One with a tracer makes a span below it.
        try await withTracer(tracer) {
            try await CallContext.$current.withValue(outer) { try await innerService.invoke("Say") }
        }
        let span = try #require(tracer.spans.finishedSpans.first)
        #expect(span.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(span.parentSpanID == "b7ad6b7169203331")
        #expect(header("traceparent", inner)[1] == "00-\(span.traceID)-\(span.spanID)-01")
    }

    @Test func itCanBeTurnedOff() async throws {
        let handler = RecordingHandler()
        let service = try service(handler) { $0.isTraced = false }
        try await withTracer(tracer) { try await service.invoke("Say") }
        #expect(tracer.spans.finishedSpans.isEmpty)
        #expect(handler.calls[0].context.metadata.isEmpty)
    }

    @Test func overTheNetworkTheHeadersArrive() async throws {
        try await withServers(1) { servers in
            let client = try LeverClient(host: servers[0].host)
            try await withTracer(tracer) { try await client.service("dev.lever", "hello").invoke("Say") }
            let span = try #require(tracer.spans.finishedSpans.first)
            #expect(header("traceparent", servers[0].handler) == ["00-\(span.traceID)-\(span.spanID)-01"])
            await client.shutdown()
        }
    }
}
