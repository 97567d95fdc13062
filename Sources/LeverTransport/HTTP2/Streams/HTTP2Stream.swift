package import NIOCore

/// A handle to one stream of a connection: what its user sends goes through it. Used on the connection's event loop only.
/// Once the stream has ended the handle is stale, and whatever is asked of it does nothing.
package struct HTTP2Stream {
    package let connection: HTTP2Connection
    /// The stream's number, never used again by its connection.
    package let id: UInt32
    let slot: Int

    /// The handle of a stream that was never opened.
    static func none(on connection: HTTP2Connection) -> HTTP2Stream {
        HTTP2Stream(connection: connection, id: .max, slot: 0)
    }

    /// Whether this side may still send: its last frame is neither sent nor waiting to be.
    package var isOpenForSending: Bool { connection.isOpenForSending(self) }

    /// Whether this side's last frame has left the stream's queue for the connection's output; also once the stream has ended.
    package var hasSentAll: Bool { connection.hasSentAll(self) }

    /// Sends a response head (the acceptor's side): informational ones first, then the final one.
    package func send(head: HTTP2EncodedHead, endStream: Bool = false) {
        connection.send(head, endStream: endStream, on: self)
    }

    /// Sends data, as far as windows and socket allow at once, the rest as they open; frames are cut as the peer wants them.
    /// There is no limit here: the user watches ``HTTP2StreamDelegate/stream(_:sent:)``.
    package func send(data: ByteBuffer, endStream: Bool = false) {
        connection.send(data, endStream: endStream, on: self)
    }

    /// Sends trailers, after all data that waits; they end this side's half.
    package func send(trailers: HTTP2EncodedHead) {
        connection.send(trailers: trailers, on: self)
    }

    /// Gives back credit for received bytes that have been dealt with.
    package func giveCredit(_ count: Int) {
        connection.giveCredit(count, on: self)
    }

    /// Counts bytes that the stream's user keeps beyond what it was given credit for against the host's ``BufferBudget``, or
    /// with a negative count no more. All is let go when the stream ends.
    package func keep(_ count: Int) {
        connection.keep(count, on: self)
    }

    /// Ends the stream at once, both ways; `streamEnded` comes before this returns, unless the stream had ended already.
    package func reset(_ code: HTTP2ErrorCode) {
        connection.reset(self, code)
    }
}
