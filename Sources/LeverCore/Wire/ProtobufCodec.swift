/// The encoding that programs of this platform speak: protobuf messages of the package `core`, written from their end and
/// read in one pass.
public struct ProtobufCodec: ValueCodec {
    /// The bounds of what is decoded; the depth bounds what is encoded, too.
    public let limits: ValueLimits

    /// Makes a codec with its bounds.
    public init(limits: ValueLimits = .defaults) {
        self.limits = limits
    }

    /// Encodes a message from its end and hands its bytes to `body`.
    public func encode<Result>(_ arguments: RPCArguments, _ body: (RawSpan) throws -> Result) throws -> Result {
        var encoder = WireEncoder(maximumDepth: limits.maximumDepth)
        try encoder.write(arguments)
        return try body(encoder.buffer.bytes.bytes)
    }

    /// Encodes a message from its end and hands its bytes to `body`.
    public func encode<Result>(_ reply: RPCReply, _ body: (RawSpan) throws -> Result) throws -> Result {
        var encoder = WireEncoder(maximumDepth: limits.maximumDepth)
        try encoder.write(reply)
        return try body(encoder.buffer.bytes.bytes)
    }

    /// Encodes a message from its end and hands its bytes to `body`.
    public func encode<Result>(_ message: StreamMessage, _ body: (RawSpan) throws -> Result) throws -> Result {
        var encoder = WireEncoder(maximumDepth: limits.maximumDepth)
        try encoder.write(message)
        return try body(encoder.buffer.bytes.bytes)
    }

    /// Decodes a message `RPC`.
    public func decodeArguments(_ bytes: RawSpan) throws(CodecError) -> RPCArguments {
        try decode(bytes) { decoder, reader throws(CodecError) in try decoder.arguments(reader) ?? .values([]) }
    }

    /// Decodes a message `RPCReply`.
    public func decodeReply(_ bytes: RawSpan) throws(CodecError) -> RPCReply {
        try decode(bytes) { decoder, reader throws(CodecError) in try decoder.reply(reader) }
    }

    /// Decodes a message `StreamMessage`.
    public func decodeStreamMessage(_ bytes: RawSpan) throws(CodecError) -> StreamMessage {
        try decode(bytes) { decoder, reader throws(CodecError) in try decoder.streamMessage(reader) }
    }

    private func decode<Message>(
        _ bytes: RawSpan, _ body: (inout WireDecoder, WireReader) throws(CodecError) -> Message
    ) throws(CodecError) -> Message {
        guard bytes.byteCount <= limits.maximumLength else {
            throw CodecError(
                message: "the message has \(bytes.byteCount) bytes; the limit is \(limits.maximumLength)", offset: 0)
        }
        return try bytes.withUnsafeBytes { buffer throws(CodecError) -> Message in
            // An empty span may have no address; the pointer is then never read.
            let base = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
            var decoder = WireDecoder(base: base, limits: limits)
            return try body(&decoder, WireReader(base: base, start: 0, end: buffer.count))
        }
    }
}

extension ValueCodec {
    /// Encodes into an array.
    public func bytes(_ arguments: RPCArguments) throws -> [UInt8] {
        try encode(arguments) { span in span.withUnsafeBytes { [UInt8]($0) } }
    }

    /// Encodes into an array.
    public func bytes(_ reply: RPCReply) throws -> [UInt8] {
        try encode(reply) { span in span.withUnsafeBytes { [UInt8]($0) } }
    }

    /// Encodes into an array.
    public func bytes(_ message: StreamMessage) throws -> [UInt8] {
        try encode(message) { span in span.withUnsafeBytes { [UInt8]($0) } }
    }
}

extension ValueCodec {
    /// Decodes an array.
    public func decodeArguments(_ bytes: [UInt8]) throws(CodecError) -> RPCArguments {
        try decodeArguments(bytes.span.bytes)
    }

    /// Decodes an array.
    public func decodeReply(_ bytes: [UInt8]) throws(CodecError) -> RPCReply {
        try decodeReply(bytes.span.bytes)
    }

    /// Decodes an array.
    public func decodeStreamMessage(_ bytes: [UInt8]) throws(CodecError) -> StreamMessage {
        try decodeStreamMessage(bytes.span.bytes)
    }
}
