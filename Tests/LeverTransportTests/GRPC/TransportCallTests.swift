import LeverCore
import LeverTesting
import Logging
import Synchronization
import Testing

@testable import LeverTransport

@Suite(.timeLimit(.minutes(2)))
struct TransportCallTests {
    @Test(arguments: TransportUnderTest.allCases)
    func thrownErrorsBecomeStatuses(_ way: TransportUnderTest) async throws {
        try await way.with { transport, _ in
            let status = await error { try await transport.call(context("Status"), .values([])) }
            #expect(status?.code == .failedPrecondition)
            if way.isInProcess {
                #expect(status?.message == "100% of \"ünïcode\" and %41\nlines")
            } else {
                // Plain ASCII on the wire; an escape that was none comes out as it was.
                #expect(status?.message == "100% of \"?n?code\" and %41 lines")
                #expect(status?.origin == .instance)
            }
            let reason = await error { try await transport.call(context("Reason"), .values([])) }
            #expect(reason == RPCError(.conflict, "the state does not allow it"))
            let missing = await error { try await transport.call(context("Nothing"), .values([])) }
            #expect(missing?.reason == .noMethod)
            #expect(missing?.code == .unimplemented)
            let broken = await error { try await transport.call(context("Break"), .values([])) }
            #expect(broken?.code == .internalError)
            #expect(broken?.message.contains("Broken()") == false)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func contextArrives(_ way: TransportUnderTest) async throws {
        try await way.with { transport, handler in
            var sent = context("Echo", timeout: .seconds(50))
            sent.callID = "call-1"
            sent.depth = 3
            sent.epoch = 1 << 40
            sent.callerEnvironment = "other.lever"
            sent.internalGateway = "10.0.0.1:3838"
            sent.metadata = [("traceparent", "00-ab"), ("x-more", "of it")]
            _ = try await transport.call(sent, .values([1]))
            let came = try #require(handler.contexts.withLock { $0.first })
            #expect(came.url == sent.url)
            #expect(came.callID == "call-1")
            #expect(came.depth == 3)
            #expect(came.epoch == 1 << 40)
            #expect(came.callerEnvironment == "other.lever")
            #expect(came.internalGateway == "10.0.0.1:3838")
            #expect(came.metadata.map(\.name) == ["traceparent", "x-more"])
            #expect(came.metadata.map(\.value) == ["00-ab", "of it"])
            let deadline = try #require(came.deadline)
            #expect(abs((deadline - sent.deadline!) / .seconds(1)) < 20)
        }
    }

    @Test(arguments: TransportUnderTest.allCases)
    func deadlinesEndCalls(_ way: TransportUnderTest) async throws {
        try await way.with { transport, handler in
            // On a busy machine a short deadline may pass before the handler has begun.
            for timeout in [Duration.milliseconds(50), .seconds(1), .seconds(10)] where handler.count("hang began") == 0
            {
                let late = await error { try await transport.call(context("Hang", timeout: timeout), .values([])) }
                #expect(late?.code == .deadlineExceeded)
                #expect(late?.reason == .deadline)
            }
            let wasCancelled = try await eventually {
                handler.count("hang cancelled") == max(1, handler.count("hang began"))
            }
            #expect(wasCancelled)
            let past = await error { try await transport.call(context("Echo", timeout: .seconds(-1)), .values([])) }
            #expect(past?.reason == .deadline)
        }
    }

    @Test(arguments: [TransportUnderTest.tcp, .unixSocket])
    func messagesAreLimited(_ way: TransportUnderTest) async throws {
        var small = GRPCConfiguration()
        small.maximumMessageLength = 1_000
        try await way.with(configuration: small) { transport, _ in
            let refused = await error {
                try await transport.call(context("Echo"), .bytes([UInt8](repeating: 1, count: 2_000)))
            }
            #expect(refused?.reason == .tooLarge)
            let bytes = [UInt8](repeating: 1, count: 900)
            let reply = try await transport.call(context("Echo"), .bytes(bytes))
            #expect(reply == .bytes(bytes))
        }
    }

    @Test func unreachablePeersAreNamed() async throws {
        try await TransportUnderTest.tcp.with { _, _ in }
        let group = MultiThreadedLoops.next()
        let box = EndpointBox(
            HTTP2Endpoint(
                address: .unix(path: "/tmp/lever-nobody.sock"), eventLoop: group, logger: Logger(label: "test")))
        let transport = HTTP2RPCTransport(endpoint: box.endpoint)
        let refused = await error { try await transport.call(context("Echo"), .values([])) }
        #expect(refused?.reason == .unreachable)
        #expect(refused?.cause is CallNotBegun)
        #expect(refused?.message.contains("/tmp/lever-nobody.sock") == true)
        let channel = await error { try await transport.open(context("EchoChan"), .values([])) }
        #expect(channel?.reason == .unreachable)
        await box.close()
    }

    @Test func malformedHeadersAreNotSent() async throws {
        try await TransportUnderTest.tcp.with { transport, handler in
            for (name, value) in [("Upper", "x"), ("line", "a\nb"), ("te", "x"), ("", "x"), ("grpc timeout", "1")] {
                var bad = context("Echo")
                bad.metadata = [(name, value)]
                let refused = await error { [bad] in try await transport.call(bad, .values([])) }
                #expect(refused?.reason == .badMessage)
            }
            #expect(handler.contexts.withLock { $0.isEmpty })
        }
    }
}

/// The error of a call; `nil` where it has none.
func error<Value>(_ body: () async throws -> Value) async -> RPCError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? RPCError
    }
}
