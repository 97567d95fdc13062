package import NIOCore

/// One HTTP/2 connection, client's or server's: the frame engine. A channel handler, confined to its event loop.
package final class HTTP2Connection: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Which end of the connection this is.
    package enum Role: Sendable {
        case client
        case server
    }

    package init(role: Role, configuration: HTTP2Configuration = .defaults, delegate: any HTTP2ConnectionDelegate) {
        preconditionFailure()
    }

    package var eventLoop: any EventLoop { preconditionFailure() }
    /// Streams that are open now.
    package var openStreams: Int { preconditionFailure() }

    /// Opens a stream (client connections only); the delegate's `streamOpened` comes before this returns. `false` where
    /// there is no room: the peer's limit, GOAWAY, numbers used up, or closed.
    package func open(head: HTTP2EncodedHead, endStream: Bool, delegate: any HTTP2StreamDelegate) -> Bool {
        preconditionFailure()
    }

    /// Takes no new streams from now on (GOAWAY), and closes once the last one has ended.
    package func drain() { preconditionFailure() }

    /// Resets all streams and closes, with GOAWAY.
    package func close(_ code: HTTP2ErrorCode = .noError, reason: String) { preconditionFailure() }

    /// Sends a PING; `acknowledged` is called with the time it took, or never when the connection closes first.
    package func ping(_ acknowledged: @escaping (TimeAmount) -> Void) { preconditionFailure() }

    func isOpenForSending(_ stream: HTTP2Stream) -> Bool { preconditionFailure() }
    func send(_ head: HTTP2EncodedHead, endStream: Bool, on stream: HTTP2Stream) {}
    func send(_ data: ByteBuffer, endStream: Bool, on stream: HTTP2Stream) {}
    func send(trailers: HTTP2EncodedHead, on stream: HTTP2Stream) {}
    func giveCredit(_ count: Int, on stream: HTTP2Stream) {}
    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {}
}
