import CoreProtos
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2
import GRPCProtobuf
import Testing

/// A client of the library's, with the messages and no stubs.
struct Caller: Sendable {
    static let unary = MethodDescriptor(fullyQualifiedService: "core.LeverRPC", method: "HandleRPC")
    static let streaming = MethodDescriptor(fullyQualifiedService: "core.LeverRPC", method: "HandleStreamingRPC")

    let client: GRPCClient<HTTP2ClientTransport.Posix>

    static func with<Result: Sendable>(
        port: Int, _ body: @Sendable (Caller) async throws -> Result
    ) async throws -> Result {
        try await withGRPCClient(
            transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)
        ) { client in
            try await body(Caller(client: client))
        }
    }

    func call(
        _ url: String, _ rpc: Core_RPC, timeout: Duration? = nil, metadata: Metadata = [:]
    ) async throws -> (reply: Core_RPCReply, trailers: Metadata) {
        var options = CallOptions.defaults
        options.timeout = timeout
        var metadata = metadata
        metadata.addString(url, forKey: "lever-url")
        return try await client.unary(
            request: ClientRequest(message: rpc, metadata: metadata), descriptor: Self.unary,
            serializer: ProtobufSerializer<Core_RPC>(), deserializer: ProtobufDeserializer<Core_RPCReply>(),
            options: options
        ) { response in
            (try response.message, response.trailingMetadata)
        }
    }
}

private func arguments(_ texts: String...) -> Core_RPC {
    var rpc = Core_RPC()
    rpc.args.element = texts.map { text in
        var value = Core_JSON()
        value.jsonString = text
        return value
    }
    return rpc
}

/// One host for all tests, with the library's service deployed on it; it ends with the tests.
enum SharedHost {
    static let result: Result<HostProcess, any Error> = Result {
        let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(
            path: "grpc-instance")
        let program =
            FileManager.default.isExecutableFile(atPath: beside.path())
            ? beside
            : URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../.build/debug/grpc-instance")
        let host = try HostProcess()
        do {
            try host.deploy(#"{"name": "peer", "ram": 200}"#, program: program.standardized)
        } catch {
            host.stop()
            throw error
        }
        atexit { SharedHost.stop() }
        return host
    }

    private static func stop() {
        if case .success(let host) = result { host.stop() }
    }
}

/// grpc-swift as a client of a host, and as a service that is deployed on it: neither knows anything of Lever's code.
@Suite(
    "A gRPC library at both ends",
    .enabled(if: HostProcess.areBuilt, "skipped: the main package's programs are not built (swift build)"), .serialized)
struct GRPCPeerTests {
    private let host: HostProcess

    init() throws {
        host = try SharedHost.result.get()
    }

    @Test("calls with values and with bytes, a method's own error, and the version that answered")
    func unary() async throws {
        try await Caller.with(port: host.port) { caller in
            let (reply, trailers) = try await caller.call("lever://dev.lever/peer//BasicHello", arguments("name"))
            #expect(reply.result.jsonString == "hello name")
            #expect(trailers[stringValues: "lever-version"].first { _ in true } == "1")
            var bytes = Core_RPC()
            bytes.byteArgs = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
            #expect(try await caller.call("lever://dev.lever/peer//Echo", bytes).reply.byteResult == bytes.byteArgs)
            let failed = try await caller.call("lever://dev.lever/peer//Fail", arguments()).reply
            #expect(failed.error.jsonString == "failed as told")
        }
    }

    @Test("a channel both ways")
    func channel() async throws {
        try await Caller.with(port: host.port) { caller in
            let texts = (0..<200).map { "message \($0)" }
            let received = try await caller.client.bidirectionalStreaming(
                request: StreamingClientRequest(metadata: ["lever-url": "lever://dev.lever/peer//EchoChan"]) { writer in
                    var first = Core_StreamMessage()
                    first.rpc = Core_RPC()
                    try await writer.write(first)
                    for text in texts {
                        var message = Core_StreamMessage()
                        message.message.jsonString = text
                        try await writer.write(message)
                    }
                },
                descriptor: Caller.streaming, serializer: ProtobufSerializer<Core_StreamMessage>(),
                deserializer: ProtobufDeserializer<Core_StreamMessage>(), options: .defaults
            ) { response in
                var received: [Core_StreamMessage] = []
                for try await message in response.messages { received.append(message) }
                return received
            }
            #expect(received.first == Core_StreamMessage())
            #expect(received.dropFirst().map(\.message.jsonString) == texts)
        }
    }

    @Test(
        "what goes wrong has the code that the contract says",
        arguments: [
            ("lever://dev.lever/peer//Missing", RPCError.Code.unimplemented, "instance"),
            ("lever://dev.lever/peer//Refuse", .failedPrecondition, "instance"),
            ("lever://dev.lever/nobody//Hello", .notFound, "platform"),
            ("lever://nowhere.lever/peer//Hello", .notFound, "platform"),
            ("lever://dev.lever/peer", .invalidArgument, "platform"),
            ("lever://dev.lever/peer//_hidden", .unimplemented, "platform"),
            ("lever://dev.lever/peer//EchoChan", .unimplemented, "platform"),
        ])
    func failures(url: String, code: RPCError.Code, origin: String) async throws {
        try await Caller.with(port: host.port) { caller in
            let error = await #expect(throws: RPCError.self) { try await caller.call(url, arguments()) }
            #expect(error?.code == code, "\(String(describing: error))")
            #expect(error?.metadata[stringValues: "lever-error"].first { _ in true } == origin)
        }
    }

    @Test("a deadline ends a call")
    func deadline() async throws {
        try await Caller.with(port: host.port) { caller in
            let error = await #expect(throws: RPCError.self) {
                try await caller.call("lever://dev.lever/peer//Sleep", arguments(), timeout: .milliseconds(300))
            }
            #expect(error?.code == .deadlineExceeded)
        }
    }

    @Test("only the host says where a call comes from")
    func headers() async throws {
        try await Caller.with(port: host.port) { caller in
            let forged = try await caller.call(
                "lever://dev.lever/peer//Header", arguments("x-lever-src-env"),
                metadata: ["x-lever-src-env": "evil.lever"]
            ).reply.result.jsonString
            #expect(forged == "")
            let gateway = try await caller.call(
                "lever://dev.lever/peer//Header", arguments("x-lever-internal-rpc-gateway")
            ).reply
            #expect(gateway.result.jsonString.hasPrefix("127.0.0.1:"))
        }
    }

    @Test("the command line reaches it, too")
    func commandLine() throws {
        #expect(try host.lever(["invoke", "lever://dev.lever/peer/BasicHello", "\"world\""]) == "\"hello world\"\n")
    }

    @Test("many calls at once, all right")
    func load() async throws {
        try await Caller.with(port: host.port) { caller in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for task in 0..<16 {
                    group.addTask {
                        for round in 0..<50 {
                            let reply = try await caller.call(
                                "lever://dev.lever/peer//BasicHello", arguments("\(task)-\(round)")
                            ).reply
                            guard reply.result.jsonString == "hello \(task)-\(round)" else { return false }
                        }
                        return true
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }
}
