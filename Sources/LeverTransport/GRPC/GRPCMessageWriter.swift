import LeverCore
import NIOCore

/// Encodes messages straight into buffers with gRPC's prefix.
struct GRPCMessageWriter: Sendable {
    /// The encoding of all programs of this platform.
    static let codec = ProtobufCodec()
    /// An empty message: by it a service accepts a channel.
    static let accepted = ByteBuffer(repeating: 0, count: GRPCMessageSplitter.prefixLength)

    /// The longest message that is sent, in bytes.
    let maximumLength: Int

    func frame(_ arguments: RPCArguments) throws -> ByteBuffer {
        try Self.codec.encode(arguments) { try frame($0) }
    }

    func frame(_ reply: RPCReply) throws -> ByteBuffer {
        try Self.codec.encode(reply) { try frame($0) }
    }

    func frame(_ message: StreamMessage) throws -> ByteBuffer {
        if case .accepted = message { return Self.accepted }
        return try Self.codec.encode(message) { try frame($0) }
    }

    private func frame(_ message: RawSpan) throws -> ByteBuffer {
        let count = message.byteCount
        guard count <= min(maximumLength, Int(UInt32.max)) else {
            throw RPCError(.tooLarge, "a message of \(count) bytes is longer than \(maximumLength) bytes")
        }
        var buffer = ByteBufferAllocator().buffer(capacity: GRPCMessageSplitter.prefixLength + count)
        buffer.writeInteger(0 as UInt8)
        buffer.writeInteger(UInt32(count))
        buffer.writeBytes(message)
        return buffer
    }

    // MARK: Decoding

    static func arguments(_ message: ByteBuffer) throws(RPCError) -> RPCArguments {
        do { return try codec.decodeArguments(message.readableBytesSpan) } catch { throw malformed("arguments", error) }
    }

    static func reply(_ message: ByteBuffer) throws(RPCError) -> RPCReply {
        do { return try codec.decodeReply(message.readableBytesSpan) } catch { throw malformed("reply", error) }
    }

    static func streamMessage(_ message: ByteBuffer) throws(RPCError) -> StreamMessage {
        do {
            return try codec.decodeStreamMessage(message.readableBytesSpan)
        } catch {
            throw malformed("message of the channel", error)
        }
    }

    private static func malformed(_ what: String, _ error: CodecError) -> RPCError {
        RPCError(.badMessage, "the \(what) cannot be decoded: \(error)")
    }
}
