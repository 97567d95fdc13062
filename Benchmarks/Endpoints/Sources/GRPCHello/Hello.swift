public import GRPCCore

/// Messages as they are: nobody encodes or decodes them.
public struct Bytes: MessageSerializer, MessageDeserializer {
    /// Makes the codec that is none.
    public init() {}

    /// Copies the bytes.
    public func serialize<Result: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Result { Result(message) }

    /// Copies the bytes.
    public func deserialize<Source: GRPCContiguousBytes>(_ bytes: Source) throws -> [UInt8] {
        bytes.withUnsafeBytes { Array($0) }
    }
}

/// `BasicHello("name")` as a service of grpc-swift-2.
public struct Hello: RegistrableRPCService {
    /// The method of all of Lever's unary calls.
    public static let method = MethodDescriptor(fullyQualifiedService: "core.LeverRPC", method: "HandleRPC")
    /// `["name"]`.
    public static let request: [UInt8] = [0x0A, 0x08, 0x0A, 0x06, 0x0A, 0x04] + Array("name".utf8)
    /// `"hello name"`.
    public static let reply: [UInt8] = [0x0A, 0x0C, 0x0A, 0x0A] + Array("hello name".utf8)

    /// Makes the service.
    public init() {}

    /// Registers the one method.
    public func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(forMethod: Self.method, deserializer: Bytes(), serializer: Bytes()) { request, _ in
            let single = try await ServerRequest(stream: request)
            precondition(!single.message.isEmpty)
            return StreamingServerResponse(single: ServerResponse(message: Self.reply))
        }
    }

    /// Makes one call and looks at the reply.
    public static func call(through client: GRPCClient<some ClientTransport>) async throws {
        let reply = try await client.unary(
            request: ClientRequest(message: request, metadata: ["lever-url": "lever://dev.lever/hello//BasicHello"]),
            descriptor: method, serializer: Bytes(), deserializer: Bytes(), options: .defaults
        ) { try $0.message }
        guard reply == Self.reply else { throw RPCError(code: .dataLoss, message: "the reply is \(reply)") }
    }
}
