package import LeverCore
package import LeverTransport
package import NIOCore

/// What becomes of connections that bring nothing but gRPC: it goes to the router of the connection's event loop, as calls from
/// outside, or as those of the environment whose internal gateway it is.
package struct RouterAcceptor: ListenerAcceptor {
    private let router: Router
    private let environment: EnvironmentName?

    /// Takes calls of an environment, or from outside.
    package init(router: Router, environment: EnvironmentName? = nil) {
        self.router = router
        self.environment = environment
    }

    package func http2Delegate(for peer: Peer, on eventLoop: any EventLoop) -> any HTTP2ConnectionDelegate {
        // Instances are no administrators, though they may be on this machine: what they may do is for their environment only.
        Connection(
            router.onLoop(eventLoop), Caller(environment: environment, isLocal: environment == nil && peer.isLocal))
    }

    package func http1Handler(for peer: Peer) -> (any HTTPHandler)? { nil }

    /// One connection. Confined to its event loop.
    private final class Connection: HTTP2ConnectionDelegate {
        private let router: LoopRouter
        private let caller: Caller

        init(_ router: LoopRouter, _ caller: Caller) {
            self.router = router
            self.caller = caller
        }

        func connection(
            _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
        ) -> (any HTTP2StreamDelegate)? {
            router.accept(stream, head: head, endStream: endStream, from: caller)
        }
    }
}
