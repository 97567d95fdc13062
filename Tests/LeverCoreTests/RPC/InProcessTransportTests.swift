import LeverCore
import Synchronization
import Testing

/// What all transports have in common is tested with them, in `LeverTransportTests`.
@Suite(.timeLimit(.minutes(1)))
struct InProcessTransportTests {
    /// Answers with its name; `Wait` never does, whatever happens.
    private struct Named: RPCHandler {
        let name: String

        func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
            if context.url.method.rawValue == "Wait" {
                await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            }
            return .result(.string(name))
        }

        func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
            try await channel.send(.value(.string(name)))
        }
    }

    private func transport() throws -> InProcessTransport {
        try InProcessTransport(services: [
            "dev.lever/hello": Named(name: "hello"), "dev.lever/other": Named(name: "other"),
            "shop.lever/hello": Named(name: "shop"),
        ])
    }

    private func context(_ url: String, timeout: Duration? = nil) throws -> CallContext {
        CallContext(url: try LeverURL(url), deadline: timeout.map { .now + $0 })
    }

    @Test func eachCallGoesToItsService() async throws {
        let transport = try transport()
        for (url, name) in [
            ("lever://dev.lever/hello/Say", "hello"), ("lever://dev.lever/other/room/Say", "other"),
            ("lever://shop.lever/hello/Say", "shop"), ("/hello/Say", "hello"),
        ] {
            #expect(try await transport.call(context(url), .values([])) == .result(.string(name)))
        }
        let channel = try await transport.open(context("lever://shop.lever/hello/FeedChan"), .values([]))
        #expect(try await channel.receive() == .value("shop"))
        #expect(try await channel.receive() == nil)
    }

    @Test func whatIsNotThereHasItsReason() async throws {
        let transport = try transport()
        let service = await #expect(throws: RPCError.self) {
            try await transport.call(context("lever://dev.lever/nothing/Say"), .values([]))
        }
        #expect(service?.reason == .noService)
        #expect(service?.message.contains("\"nothing\"") == true)
        let environment = await #expect(throws: RPCError.self) {
            _ = try await transport.open(context("lever://stage.lever/hello/FeedChan"), .values([]))
        }
        #expect(environment?.reason == .noEnvironment)
        #expect(environment?.message.contains("\"stage.lever\"") == true)
    }

    @Test(arguments: ["dev.lever", "dev.lever/", "/hello", "dev.lever/a b c", "dev..lever/hello"])
    func malformedNamesAreRefused(_ name: String) {
        let error = #expect(throws: RPCError.self) {
            _ = try InProcessTransport(services: [name: Named(name: "")])
        }
        #expect(error?.reason == .badURL)
    }

    @Test func aHandlerThatNeverAnswersHarmsOnlyItsCall() async throws {
        let transport = try transport()
        let late = await #expect(throws: RPCError.self) {
            try await transport.call(context("/hello/Wait", timeout: .milliseconds(20)), .values([]))
        }
        #expect(late?.reason == .deadline)
        let task = Task { try await transport.call(context("/hello/Wait"), .values([])) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aCancelledTaskMakesNoCall() async throws {
        let transport = try transport()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await transport.call(context("/hello/Say"), .values([]))
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aHandlersOwnFailedCallSaysNothingOfTheCallToIt() async throws {
        struct Calling: RPCHandler {
            func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
                throw RPCError(.unreachable, "another service is not there", cause: CallNotBegun())
            }

            func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {}
        }
        let error = await #expect(throws: RPCError.self) {
            try await InProcessTransport(handler: Calling()).call(context("/hello/Say"), .values([]))
        }
        #expect(error?.code == .unavailable)
        #expect(error?.didNotBegin == false)
    }

    @Test func nestingIsBounded() async throws {
        var bounds = InProcessTransport.Configuration()
        bounds.maximumDepth = 2
        let transport = InProcessTransport(handler: Named(name: "x"), configuration: bounds)
        var context = try context("/hello/Say")
        context.depth = 2
        _ = try await transport.call(context, .values([]))
        context.depth = 3
        let error = await #expect(throws: RPCError.self) { try await transport.call(context, .values([])) }
        #expect(error?.reason == .tooDeep)
    }
}
