/// The binary encoding of the messages that calls are made of.
///
/// An implementation is safe on any bytes: it decodes within its limits or throws, and reads nothing outside the span.
public protocol ValueCodec: Sendable {
    /// Encodes and hands the bytes to `body`, which must not keep them.
    func encode<Result>(_ arguments: RPCArguments, _ body: (RawSpan) throws -> Result) throws -> Result
    /// Encodes and hands the bytes to `body`, which must not keep them.
    func encode<Result>(_ reply: RPCReply, _ body: (RawSpan) throws -> Result) throws -> Result
    /// Encodes and hands the bytes to `body`, which must not keep them.
    func encode<Result>(_ message: StreamMessage, _ body: (RawSpan) throws -> Result) throws -> Result

    /// Decodes a message `RPC`; one with nothing set counts as no arguments.
    func decodeArguments(_ bytes: RawSpan) throws(CodecError) -> RPCArguments
    /// Decodes a message `RPCReply`; one with nothing set counts as the result `null`.
    func decodeReply(_ bytes: RawSpan) throws(CodecError) -> RPCReply
    /// Decodes a message `StreamMessage`.
    func decodeStreamMessage(_ bytes: RawSpan) throws(CodecError) -> StreamMessage
}
