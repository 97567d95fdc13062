internal import LeverCore

extension RPCReply {
    /// The reply for a result: bytes where it is a collection of bytes.
    init(encoding result: some Encodable) throws {
        self =
            if let bytes = StandaloneBytes.bytes(of: result) { .bytes(bytes) } else {
                .result(try StandaloneBytes.encode(result))
            }
    }
}
