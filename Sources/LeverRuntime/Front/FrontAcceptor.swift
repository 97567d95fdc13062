package import LeverTransport
package import NIOCore

/// What enters at the front: gRPC streams go to the router, everything else to the HTTP API.
package struct FrontAcceptor: ListenerAcceptor {
    /// Takes a gRPC stream; called on its connection's event loop.
    package typealias AcceptGRPC =
        @Sendable (_ stream: HTTP2Stream, _ head: HTTP2Head, _ endStream: Bool, _ peer: Peer) ->
        (any HTTP2StreamDelegate)?

    private let gateway: any HTTPHandler
    private let acceptGRPC: AcceptGRPC

    package init(gateway: any HTTPHandler, acceptGRPC: @escaping AcceptGRPC) {
        self.gateway = gateway
        self.acceptGRPC = acceptGRPC
    }

    package func http2Delegate(for peer: Peer, on eventLoop: any EventLoop) -> any HTTP2ConnectionDelegate {
        Connection(self, peer)
    }

    package func http1Handler(for peer: Peer) -> (any HTTPHandler)? { gateway }

    /// Owns one HTTP/2 connection.
    private final class Connection: HTTP2ConnectionDelegate {
        private let front: FrontAcceptor
        private let peer: Peer

        init(_ front: FrontAcceptor, _ peer: Peer) {
            self.front = front
            self.peer = peer
        }

        func connection(
            _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
        ) -> (any HTTP2StreamDelegate)? {
            if let type = head["content-type"], type.utf8.starts(with: "application/grpc".utf8) {
                return front.acceptGRPC(stream, head, endStream, peer)
            }
            return HTTP2Exchange.serve(stream, head: head, endStream: endStream, handler: front.gateway, peer: peer)
        }
    }
}
