import CoreMetrics
import InMemoryTracing
import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Logging
import MetricsTestKit
import Synchronization
import Testing
import Tracing

@Suite struct MiddlewareTests {
    /// Notes when it sees a call, and when it sees its end.
    private struct Note: ServiceMiddleware {
        let name: String
        let journal: Journal

        func call(
            _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
        ) async throws -> RPCReply {
            journal.add("\(name) before \(context.url.method)")
            defer { journal.add("\(name) after \(context.url.method)") }
            return try await next(context, arguments)
        }

        func open(
            _ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel,
            next: @escaping ServiceDefinition.ChannelHandler
        ) async throws {
            journal.add("\(name) opens \(context.url.method)")
            defer { journal.add("\(name) closes \(context.url.method)") }
            try await next(context, arguments, channel)
        }
    }

    private func context(_ path: String, metadata: [(name: String, value: String)] = []) throws -> CallContext {
        CallContext(url: try LeverURL("lever://dev.lever/test/\(path)"), callID: "id-1", metadata: metadata)
    }

    @Test func theyStandAroundWhatTheyAreWrittenOn() async throws {
        let journal = Journal()
        let service = LeverService {
            Method("Plain") { journal.add("Plain") }
            Group {
                Method("Wrapped") { journal.add("Wrapped") }
                ChannelMethod("WrappedChan") { channel in
                    journal.add("WrappedChan")
                    try await channel.send(1)
                }
            }
            .middleware(Note(name: "inner", journal: journal))
            .middleware(Note(name: "outer", journal: journal))
        }
        let client = LeverClient(transport: InProcessTransport(handler: service.handler()))
        let endpoint = try client.service("dev.lever", "test")
        try await endpoint.invoke("Plain")
        #expect(journal.all == ["Plain"])
        try await endpoint.invoke("Wrapped")
        #expect(
            journal.all.dropFirst() == [
                "outer before Wrapped", "inner before Wrapped", "Wrapped", "inner after Wrapped", "outer after Wrapped",
            ])
        let channel = try await endpoint.channel("WrappedChan")
        #expect(try await channel.receive(as: Int.self) == 1)
        #expect(try await channel.receive() == nil)
        #expect(
            journal.all.suffix(5) == [
                "outer opens WrappedChan", "inner opens WrappedChan", "WrappedChan", "inner closes WrappedChan",
                "outer closes WrappedChan",
            ])
    }

    @Test func oneMayAnswerRefuseAndChangeWhatIsThrown() async throws {
        struct Guarded: ServiceMiddleware {
            func call(
                _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
            ) async throws -> RPCReply {
                switch context.callerEnvironment {
                case "cached.lever": return .result("cached")
                case nil: throw RPCError(code: .permissionDenied, message: "not from here")
                default: break
                }
                do { return try await next(context, arguments) } catch is Empty { return .result("was empty") }
            }
        }
        struct Empty: Error {}
        let handler = LeverService {
            Method("Take") { () -> String in throw Empty() }.middleware(Guarded())
        }.handler()
        var call = try context("Take")
        let error = await #expect(throws: RPCError.self) { _ = try await handler.call(call, .values([])) }
        #expect(error?.code == .permissionDenied)
        call.callerEnvironment = "cached.lever"
        #expect(try await handler.call(call, .values([])) == .result("cached"))
        call.callerEnvironment = "other.lever"
        #expect(try await handler.call(call, .values([])) == .result("was empty"))
    }

    @Test func callsPastTheLimitAreRefused() async throws {
        let door = Door()
        let journal = Journal()
        let handler = LeverService {
            Method("Work") {
                journal.add("begin")
                await door.pass()
            }
            .middleware(ConcurrencyLimit(2))
        }.handler()
        let call = try context("Work")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask { _ = try await handler.call(call, .values([])) }
                try await journal.take("begin")
            }
            for _ in 0..<3 {
                let error = await #expect(throws: RPCError.self) { _ = try await handler.call(call, .values([])) }
                #expect(error?.code == .resourceExhausted)
                #expect(error?.message.contains("at most 2 calls") == true)
            }
            door.open()
            try await group.waitForAll()
        }
        // There is room again.
        #expect(try await handler.call(call, .values([])) == .result(nil))
    }

    @Test func callsAreCountedByHowTheyEnd() async throws {
        let metrics = TestMetrics()
        let handler = LeverService {
            Group {
                Method("Right") { 1 }
                Method("Wrong") { throw ServiceError("no") }
                Method("Away") { throw RPCError(code: .unavailable, message: "away") }
            }
            .middleware(CallMetrics(factory: metrics))
        }.handler()
        for method in ["Right", "Right", "Wrong", "Away"] {
            _ = try? await handler.call(context(method), .values([]))
        }
        func calls(_ method: String, _ outcome: String) throws -> Int64 {
            try metrics.expectCounter("lever.service.calls", [("method", method), ("outcome", outcome)]).totalValue
        }
        #expect(try calls("Right", "ok") == 2)
        #expect(try calls("Wrong", "method-error") == 1)
        #expect(try calls("Away", "UNAVAILABLE") == 1)
        #expect(try metrics.expectTimer("lever.service.call.duration", [("method", "Right")]).values.count == 2)
        #expect(try metrics.expectMeter("lever.service.calls.active", [("method", "Right")]).lastValue == 0)
    }

    @Test func aSpanStandsBeneathTheCallers() async throws {
        let tracer = InMemoryTracer()
        let handler = LeverService {
            Group {
                Method("Right") { ServiceContext.current == nil ? "no trace" : "traced" }
                Method("Wrong") { throw ServiceError("no") }
            }
            .middleware(CallTracing())
        }.handler()
        let headers = [
            (name: InMemoryTracer.traceIDKey, value: "trace-7"), (name: InMemoryTracer.spanIDKey, value: "span-7"),
        ]
        #expect(try await handler.call(context("Right"), .values([])) == .result("no trace"))
        try await withTracer(tracer) {
            let reply = try await handler.call(context("room/Right", metadata: headers), .values([]))
            #expect(reply == .result("traced"))
            _ = try await handler.call(context("Wrong"), .values([]))
        }
        let spans = tracer.finishedSpans
        try #require(spans.map(\.operationName) == ["test/Right", "test/Wrong"])
        #expect(spans[0].kind == .server)
        #expect(spans[0].traceID == "trace-7")
        #expect(spans[0].parentSpanID == "span-7")
        #expect(spans[0].attributes.get("lever.resource") == "room")
        #expect(spans[0].attributes.get("lever.outcome") == "ok")
        #expect(spans[0].status == nil)
        #expect(spans[1].attributes.get("lever.outcome") == "method-error")
        #expect(spans[1].status?.code == .error)
    }

    @Test func eachCallLeavesALine() async throws {
        let log = LogLines()
        let logger = log.logger
        let service = LeverService(logger: logger) {
            Group {
                Method("Right") { (context: CallContext) in context.logger.info("within") }
                Method("Away") { throw RPCError(code: .unavailable, message: "away") }
            }
            .middleware(CallLogging())
        }
        let handler = service.handler()
        _ = try await handler.call(context("room/Right"), .values([]))
        _ = try? await handler.call(context("Away"), .values([]))
        let lines = log.lines
        try #require(lines.count == 3)
        #expect(lines[0].text == "within")
        for line in lines[0...1] {
            #expect(line.metadata["lever.method"] == "Right")
            #expect(line.metadata["lever.resource"] == "room")
            #expect(line.metadata["lever.call-id"] == "id-1")
        }
        #expect(lines[1].metadata["lever.outcome"] == "ok")
        #expect(lines[1].level == .info)
        #expect(lines[2].metadata["lever.outcome"] == "UNAVAILABLE")
        #expect(lines[2].level == .notice)
    }
}
