import LeverCore
import LeverTesting
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LeverTransport

/// What a server answers to heads and bytes that no good client sends, and to what old ones do.
@Suite(.timeLimit(.minutes(2)))
struct GRPCServerCallTests {
    private static let hello: [UInt8] = [
        0, 0, 0, 0, 10, 0x0A, 8, 0x0A, 6, 0x0A, 4, 0x6E, 0x61, 0x6D, 0x65,
    ]

    private func withServer(
        origin: GRPCCallOrigin = .host, configuration: GRPCConfiguration = .defaults,
        _ body: (TransportAddress, ProbeHandler) async throws -> Void
    ) async throws {
        let handler = ProbeHandler()
        var server = RPCServerConfiguration()
        server.grpc = configuration
        let running = try await RPCServer.start(
            on: .tcp(host: "127.0.0.1", port: 0), handler: handler, group: MultiThreadedEventLoopGroup.singleton,
            origin: origin, configuration: server, logger: Logger(label: "test"))
        do {
            try await body(running.localAddress, handler)
        } catch {
            await running.drain(within: .zero)
            throw error
        }
        await running.drain(within: .zero)
    }

    @Test func oldClientsGetWhatTheyExpect() async throws {
        try await withServer { address, _ in
            let answer = try await RawCall.make(at: address, RawCall.fields("Echo")) { stream in
                stream.send(data: ByteBuffer(bytes: Self.hello))
                stream.send(data: ByteBuffer(), endStream: true)
            }
            #expect(answer.head[":status"] == "200")
            #expect(answer.head["content-type"] == "application/grpc")
            #expect(answer.trailers["grpc-status"] == "0")
            // RPCReply.result, an array of the one string.
            #expect(answer.data == [0, 0, 0, 0, 12, 0x0A, 10, 0x2A, 8, 0x0A, 6, 0x0A, 4, 0x6E, 0x61, 0x6D, 0x65])
            #expect(answer.end == .complete)
        }
    }

    @Test func channelsBeginWithAnEmptyMessageAndTolerateLateData() async throws {
        var quick = GRPCConfiguration()
        quick.lateDataTimeout = .milliseconds(200)
        try await withServer(configuration: quick) { address, _ in
            // StreamMessage.rpc with the argument 2, then nothing: no half-close.
            let open: [UInt8] = [0, 0, 0, 0, 15, 0x0A, 13, 0x0A, 11, 0x0A, 9, 0x11, 0, 0, 0, 0, 0, 0, 0, 0x40]
            let answer = try await RawCall.make(at: address, RawCall.fields("CountChan")) { stream in
                stream.send(data: ByteBuffer(bytes: open))
                for _ in 0..<20 { stream.send(data: ByteBuffer(bytes: [0, 0, 0, 0, 2, 0x12, 0])) }
            }
            #expect(answer.data.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0]))
            #expect(answer.trailers["grpc-status"] == "0")
            #expect(answer.end == .resetByPeer(.noError))
        }
    }

    @Test(arguments: [
        (["content-type": "application/json"] as [String: String?], "415"), (["content-type": nil], "415"),
        (["content-type": "application/grpc-web"], "415"), ([":method": "GET"], "405"),
    ])
    func whatIsNoGRPCGetsAnHTTPStatus(_ changes: [String: String?], _ status: String) async throws {
        try await withServer { address, handler in
            let answer = try await RawCall.make(at: address, RawCall.fields("Echo", changes), endStream: true) { _ in }
            #expect(answer.head[":status"] == status)
            #expect(answer.status == nil)
            #expect(handler.contexts.withLock { $0.isEmpty })
        }
    }

    @Test(arguments: [
        (["grpc-encoding": "gzip"] as [String: String?], "12", "unsupported-encoding"),
        (["content-type": "application/grpc+json"], "12", "unsupported-encoding"),
        (["lever-url": nil], "3", "bad-url"), (["lever-url": "lever://dev.lever/x"], "3", "bad-url"),
        (["lever-url": "lever://dev.lever/probe//_Secret"], "12", "no-method"),
        (["lever-url": "lever://dev.lever/probe//EchoChan"], "12", "no-method"),
        ([":path": "/core.LeverRPC/Nothing"], "12", "no-method"),
        ([":path": "/core.LeverRPC/HandleStreamingRPC"], "12", "no-method"),
        (["grpc-timeout": "5"], "3", "bad-message"), (["lever-call-depth": "-1"], "3", "bad-message"),
        (["lever-call-depth": "33"], "8", "too-deep"),
    ])
    func badHeadsGetAStatus(_ changes: [String: String?], _ status: String, _ reason: String) async throws {
        try await withServer { address, handler in
            for endsAtOnce in [true, false] {
                let fields = RawCall.fields("Echo", changes)
                let answer = try await RawCall.make(at: address, fields, endStream: endsAtOnce) { stream in
                    if !endsAtOnce { stream.send(data: ByteBuffer(bytes: Self.hello), endStream: true) }
                }
                #expect(answer.status == status)
                #expect(answer.reason == reason)
                #expect(answer.head["lever-error"] == "platform")
                #expect(answer.head["grpc-accept-encoding"] == "identity")
                #expect(answer.end == .complete)
            }
            #expect(handler.contexts.withLock { $0.isEmpty })
        }
    }

    @Test(arguments: ["application/grpc+proto", "application/grpc;charset=utf-8", "application/grpc"])
    func goodContentTypesAreTaken(_ type: String) async throws {
        try await withServer { address, _ in
            let answer = try await RawCall.make(at: address, RawCall.fields("Echo", ["content-type": type])) { stream in
                stream.send(data: ByteBuffer(bytes: Self.hello), endStream: true)
            }
            #expect(answer.status == "0")
        }
    }

    @Test(
        arguments: [
            ([], "3", "bad-message"), ([0, 0], "3", "bad-message"), ([0, 0, 0, 0, 5, 1], "3", "bad-message"),
            ([1, 0, 0, 0, 0], "12", "unsupported-encoding"), ([7, 0, 0, 0, 0], "3", "bad-message"),
            ([0, 255, 255, 255, 255], "8", "too-large"), ([0, 0, 0, 0, 1, 0xFF], "3", "bad-message"),
            ([0, 0, 0, 0, 2, 0x0B, 0x0C], "3", "bad-message"), ([0, 0, 0, 0, 2, 0x00, 0x00], "3", "bad-message"),
        ] as [([UInt8], String, String)])
    func badMessagesGetAStatus(_ bytes: [UInt8], _ status: String, _ reason: String) async throws {
        try await withServer { address, handler in
            for method in ["Echo", "EchoChan"] {
                let answer = try await RawCall.make(at: address, RawCall.fields(method)) { stream in
                    stream.send(data: ByteBuffer(bytes: bytes), endStream: true)
                }
                #expect(answer.status == status, "\(method)")
                #expect(answer.reason == reason, "\(method)")
            }
            #expect(handler.contexts.withLock { $0.isEmpty })
        }
    }

    @Test func aResetCancelsTheHandler() async throws {
        try await withServer { address, handler in
            let reset = Mutex<(@Sendable () -> Void)?>(nil)
            async let answer = RawCall.make(at: address, RawCall.fields("Hang")) { stream in
                stream.send(data: ByteBuffer(bytes: Self.hello), endStream: true)
                let eventLoop = stream.connection.eventLoop
                let bound = NIOLoopBound(stream, eventLoop: eventLoop)
                reset.withLock { $0 = { eventLoop.execute { bound.value.reset(.cancel) } } }
            }
            let began = try await eventually { handler.count("hang began") == 1 }
            #expect(began)
            let resetNow = try #require(reset.withLock { $0 })
            resetNow()
            #expect(try await answer.end == .resetLocally(.cancel, nil))
            #expect(try await eventually { handler.count("hang cancelled") == 1 })
        }
    }

    @Test func callersHeadersOfHostsCountForNothing() async throws {
        try await withServer(origin: .caller(environment: nil)) { address, handler in
            let fields = RawCall.fields(
                "Echo",
                [
                    "lever-url": "/probe//Echo", "x-lever-src-env": "forged.lever",
                    "x-lever-internal-rpc-gateway": "1.2.3.4:5", "x-own": "1", "lever-resource-epoch": "7",
                    "lever-call-id": "id", "plain": "goes on",
                ])
            let answer = try await RawCall.make(at: address, fields) { stream in
                stream.send(data: ByteBuffer(bytes: Self.hello), endStream: true)
            }
            #expect(answer.status == "0")
            let came = try #require(handler.contexts.withLock { $0.first })
            #expect(came.url.environment == .default)
            #expect(came.callerEnvironment == nil)
            #expect(came.internalGateway == nil)
            #expect(came.epoch == nil)
            #expect(came.callID == "id")
            #expect(came.metadata.map(\.name) == ["plain"])
        }
    }

    @Test func theCallersEnvironmentComesFromItsConnection() async throws {
        let own = try EnvironmentName("own.lever")
        try await withServer(origin: .caller(environment: own)) { address, handler in
            for url in ["/probe//Echo", "lever://other.lever/probe//Echo"] {
                let answer = try await RawCall.make(at: address, RawCall.fields("Echo", ["lever-url": url])) { stream in
                    stream.send(data: ByteBuffer(bytes: Self.hello), endStream: true)
                }
                #expect(answer.status == "0")
            }
            let came = handler.contexts.withLock { $0 }
            #expect(came.map { $0.url.environment?.rawValue } == ["own.lever", "other.lever"])
            #expect(came.map(\.callerEnvironment) == [nil, "own.lever"])
        }
    }

    @Test func aDrainLetsCallsFinish() async throws {
        let handler = ProbeHandler()
        let running = try await RPCServer.start(
            on: .tcp(host: "127.0.0.1", port: 0), handler: handler, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test"))
        let box = EndpointBox(
            HTTP2Endpoint(
                address: running.localAddress, eventLoop: MultiThreadedLoops.next(), logger: Logger(label: "test")))
        let channel = try await HTTP2RPCTransport(endpoint: box.endpoint).open(context("EchoChan"), .values([]))
        let draining = Task { await running.drain(within: .seconds(60)) }
        let transport = HTTP2RPCTransport(endpoint: box.endpoint)
        let refused = try await eventually {
            await error { try await transport.call(context("Echo"), .values([])) }?.reason == .unreachable
        }
        #expect(refused)
        try await channel.send(.value("during"))
        #expect(try await channel.receive() == .value("during"))
        try await channel.finish()
        #expect(try await channel.receive() == nil)
        await draining.value
        #expect(running.connectionCount == 0)
        await box.close()
    }

    @Test func aDrainEndsWhatDoesNotFinish() async throws {
        let handler = ProbeHandler()
        let running = try await RPCServer.start(
            on: .tcp(host: "127.0.0.1", port: 0), handler: handler, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test"))
        let box = EndpointBox(
            HTTP2Endpoint(
                address: running.localAddress, eventLoop: MultiThreadedLoops.next(), logger: Logger(label: "test")))
        let channel = try await HTTP2RPCTransport(endpoint: box.endpoint).open(context("IdleChan"), .values([]))
        #expect(try await channel.receive() == .value("open"))
        await running.drain(within: .milliseconds(50))
        #expect(running.connectionCount == 0)
        let ended = await error { try await channel.receive() }
        #expect(ended?.code == .cancelled || ended?.code == .unavailable)
        #expect(try await eventually { handler.count("idle over") == 1 })
        await box.close()
    }
}
