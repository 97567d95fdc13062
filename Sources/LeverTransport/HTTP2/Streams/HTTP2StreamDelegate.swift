package import NIOCore

/// Who uses a stream: the splice, a handler or a caller. The engine knows none of them.
///
/// All calls come on the connection's event loop, in this order: `streamOpened` (streams that this side opens only),
/// any number of informational heads, one final head (from the acceptor's point of view the request head went to
/// ``HTTP2ConnectionDelegate/connection(_:accepted:head:endStream:)``), data, at most one `receivedTrailers`, and exactly one
/// `streamEnded`, after which the handle is stale and nothing more comes.
package protocol HTTP2StreamDelegate: AnyObject {
    /// The stream that this side asked for exists and its head is written. Called within `open` where there is room,
    /// later where the stream had to queue for a connection or for the peer's limit.
    func streamOpened(_ stream: HTTP2Stream)

    /// A response head: informational (1xx) or final.
    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool)

    /// Data without padding. The connection's own credit has been given back already; the stream's credit is given back
    /// only by ``HTTP2Stream/giveCredit(_:)``, in total `flowControlledLength` for this frame.
    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool)

    /// Trailers; the peer sends nothing more.
    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head)

    /// `count` bytes that ``HTTP2Stream/send(data:endStream:)`` took have gone to the connection, window and socket
    /// allowing: they no longer wait in the stream's queue.
    func stream(_ stream: HTTP2Stream, sent count: Int)

    /// The stream is over, both ways.
    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd)
}

/// How a stream ended.
package enum HTTP2StreamEnd: Sendable, Equatable {
    /// Both sides ended it in order.
    case complete
    /// The peer reset it.
    case resetByPeer(HTTP2ErrorCode)
    /// This side reset it, by its user's wish or for a stream error of the peer (then with a text).
    case resetLocally(HTTP2ErrorCode, String?)
    /// It certainly never began at the peer: no connection could be made, the queue was full or timed out, the peer said
    /// REFUSED_STREAM, or GOAWAY with a lower last stream. A user may try elsewhere.
    case notBegun(String)
    /// The connection was lost or ended with an error while the peer may have been working on it.
    case connectionLost(String)
}
