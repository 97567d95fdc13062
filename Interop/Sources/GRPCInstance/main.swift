// A service as somebody writes it who has a gRPC library, the messages, and nothing of Lever's: it listens where
// LEVEROS_LISTEN says, answers unary and streaming calls, and knows no resource hooks.

import CoreProtos
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2
import GRPCProtobuf

struct Instance: RegistrableRPCService {
    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: "core.LeverRPC", method: "HandleRPC"),
            deserializer: ProtobufDeserializer<Core_RPC>(), serializer: ProtobufSerializer<Core_RPCReply>()
        ) { request, _ in
            let method = try Self.method(request.metadata)
            var rpc = Core_RPC()
            for try await message in request.messages { rpc = message }
            return StreamingServerResponse(
                single: ServerResponse(message: try await Self.call(method, rpc, request.metadata)))
        }
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: "core.LeverRPC", method: "HandleStreamingRPC"),
            deserializer: ProtobufDeserializer<Core_StreamMessage>(),
            serializer: ProtobufSerializer<Core_StreamMessage>()
        ) { request, _ in
            let method = try Self.method(request.metadata)
            guard method == "EchoChan" else { throw RPCError(code: .unimplemented, message: "no method \(method)") }
            return StreamingServerResponse { writer in
                var isFirst = true
                for try await message in request.messages {
                    try await writer.write(isFirst ? Core_StreamMessage() : message)
                    isFirst = false
                }
                return [:]
            }
        }
    }

    private static func method(_ metadata: Metadata) throws -> String {
        guard let url = metadata[stringValues: "lever-url"].first(where: { _ in true }),
            let method = url.split(separator: "/").last
        else { throw RPCError(code: .invalidArgument, message: "no lever-url") }
        return String(method)
    }

    private static func call(_ method: String, _ rpc: Core_RPC, _ metadata: Metadata) async throws -> Core_RPCReply {
        var reply = Core_RPCReply()
        switch method {
        case "BasicHello":
            reply.result.jsonString = "hello " + (rpc.args.element.first?.jsonString ?? "")
        case "Echo":
            if case .byteArgs(let bytes)? = rpc.rpc {
                reply.byteResult = bytes
            } else {
                reply.result.jsonArray = rpc.args
            }
        case "Fail":
            reply.error.jsonString = "failed as told"
        case "Header":
            let name = rpc.args.element.first?.jsonString ?? ""
            reply.result.jsonString = metadata[stringValues: name].first { _ in true } ?? ""
        case "Sleep":
            try await Task.sleep(for: .seconds(60))
        case "Refuse":
            throw RPCError(code: .failedPrecondition, message: "not now")
        default:
            throw RPCError(code: .unimplemented, message: "no method \(method)")
        }
        return reply
    }
}

let listen = ProcessInfo.processInfo.environment["LEVEROS_LISTEN"] ?? "0.0.0.0:3837"
let address: SocketAddress =
    listen.hasPrefix("unix:")
    ? .unixDomainSocket(path: String(listen.dropFirst(5)))
    : .ipv4(host: String(listen.split(separator: ":")[0]), port: Int(listen.split(separator: ":")[1])!)
let server = GRPCServer(
    transport: .http2NIOPosix(address: address, transportSecurity: .plaintext), services: [Instance()])
signal(SIGTERM) { _ in exit(0) }
try await server.serve()
