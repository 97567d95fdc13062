import LeverClient
import LeverCore
import Synchronization
import Testing

@Suite struct InterceptorTests {
    /// Adds its name to the header `path`, and to what the reply says.
    private struct Named: ClientInterceptor {
        let name: String

        func call(
            _ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport
        ) async throws -> RPCReply {
            guard case .result(.string(let text)) = try await next.call(marked(context), arguments) else {
                return .error("no text")
            }
            return .result(.string(text + name))
        }

        func open(
            _ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport
        ) async throws -> any RPCChannel {
            try await next.open(marked(context), arguments)
        }

        private func marked(_ context: CallContext) -> CallContext {
            var context = context
            context.metadata.append(("path", name))
            return context
        }
    }

    /// Passes everything on, as the protocol's defaults do.
    private struct Idle: ClientInterceptor {}

    private struct Refusing: ClientInterceptor {
        struct Refusal: Error {}

        func call(
            _ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport
        ) async throws -> RPCReply {
            throw Refusal()
        }
    }

    private func client(_ handler: RecordingHandler, _ interceptors: [any ClientInterceptor]) -> LeverClient {
        var configuration = LeverClient.Configuration()
        configuration.interceptors = interceptors
        return LeverClient(transport: InProcessTransport(handler: handler), configuration: configuration)
    }

    @Test func theyStandAroundCallsInTheirOrder() async throws {
        let handler = RecordingHandler { _, _ in .result("") }
        let client = client(handler, [Named(name: "a"), Idle(), Named(name: "b")])
        // The first one is outermost: it is the first to see the call, and the last to see the reply.
        #expect(try await client.service("dev.lever", "hello").invoke("Say", as: String.self) == "ba")
        #expect(handler.calls.first?.context.metadata.map(\.value) == ["a", "b"])
    }

    @Test func theyStandAroundChannelsAndTheAdministration() async throws {
        let handler = RecordingHandler { _, _ in .result([]) }
        let client = client(handler, [Idle(), Named(name: "a")])
        _ = try await client.service("dev.lever", "hello").channel("FeedChan")
        _ = try? await client.admin().services()
        #expect(handler.calls.map { $0.context.metadata.map(\.value) } == [["a"], ["a"]])
    }

    @Test func whatTheyThrowReachesTheCaller() async throws {
        let handler = RecordingHandler()
        let client = client(handler, [Refusing()])
        await #expect(throws: Refusing.Refusal.self) {
            try await client.service("dev.lever", "hello").invoke("Say")
        }
        #expect(handler.calls.isEmpty)
    }

    @Test func oneCallOfTheirsIsRetriedBehindThem() async throws {
        final class Counting: ClientInterceptor {
            let count = Mutex(0)

            func call(
                _ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport
            ) async throws -> RPCReply {
                count.withLock { $0 += 1 }
                return try await next.call(context, arguments)
            }
        }
        let counting = Counting()
        let calls = Mutex(0)
        let handler = RecordingHandler { _, _ in
            let isFirst = calls.withLock { calls in
                calls += 1
                return calls == 1
            }
            if isFirst { throw RPCError(.queueFull, "full") }
            return .result(nil)
        }
        var configuration = LeverClient.Configuration()
        configuration.interceptors = [counting]
        configuration.retries = .defaults
        let client = LeverClient(transport: InProcessTransport(handler: handler), configuration: configuration)
        try await client.service("dev.lever", "hello").invoke("Say")
        #expect(calls.withLock { $0 } == 2)
        #expect(counting.count.withLock { $0 } == 1)
    }
}
