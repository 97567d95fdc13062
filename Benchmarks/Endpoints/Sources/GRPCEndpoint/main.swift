// grpc-swift-2's server and client over its NIO transport, one thread each. Messages are bytes that nobody encodes or
// decodes: what a codec would cost comes on top.

import GRPCCore
import GRPCNIOTransportHTTP2
import Measuring
import NIOCore

struct Bytes: MessageSerializer, MessageDeserializer {
    func serialize<Result: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Result { Result(message) }

    func deserialize<Source: GRPCContiguousBytes>(_ bytes: Source) throws -> [UInt8] {
        bytes.withUnsafeBytes { Array($0) }
    }
}

let method = MethodDescriptor(fullyQualifiedService: "core.LeverRPC", method: "HandleRPC")

struct Hello: RegistrableRPCService {
    static let reply: [UInt8] = [0x0A, 0x0C, 0x0A, 0x0A] + Array("hello name".utf8)

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(forMethod: method, deserializer: Bytes(), serializer: Bytes()) { request, _ in
            let single = try await ServerRequest(stream: request)
            precondition(!single.message.isEmpty)
            return StreamingServerResponse(single: ServerResponse(message: Self.reply))
        }
    }
}

NIOSingletons.groupLoopCountSuggestion = 1
switch Command.parse() {
case .server(let port):
    let server = GRPCServer(
        transport: .http2NIOPosix(
            address: .ipv4(host: "127.0.0.1", port: port), transportSecurity: .plaintext), services: [Hello()])
    try await server.serve()
case .client(let port, let calls, let concurrency):
    let request: [UInt8] = [0x0A, 0x08, 0x0A, 0x06, 0x0A, 0x04] + Array("name".utf8)
    try await withGRPCClient(
        transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)
    ) { client in
        try await measureCalls(calls, concurrency: concurrency) {
            let reply = try await client.unary(
                request: ClientRequest(
                    message: request, metadata: ["lever-url": "lever://dev.lever/hello//BasicHello"]),
                descriptor: method, serializer: Bytes(), deserializer: Bytes(), options: .defaults
            ) { try $0.message }
            guard reply == Hello.reply else { throw RPCError(code: .dataLoss, message: "the reply is \(reply)") }
        }
    }
}
