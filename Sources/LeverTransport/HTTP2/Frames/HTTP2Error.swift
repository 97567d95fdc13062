/// A breach of the protocol by the peer: of the whole connection, or of one stream only.
enum HTTP2Error: Error {
    case connection(HTTP2ErrorCode, String)
    case stream(UInt32, HTTP2ErrorCode, String)
}
