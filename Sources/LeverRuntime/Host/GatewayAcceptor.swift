import LeverCore
import LeverRouter
import LeverTransport
import NIOCore

/// What becomes of connections to an environment's internal gateway: gRPC goes to the router of the connection's event loop,
/// as calls of that environment; there is nothing else.
struct GatewayAcceptor: ListenerAcceptor {
    let router: Router
    let environment: EnvironmentName

    func http2Delegate(for peer: Peer, on eventLoop: any EventLoop) -> any HTTP2ConnectionDelegate {
        // Instances are no administrators, though they are on this machine: what they may do is for their environment only.
        Connection(router.onLoop(eventLoop), Caller(environment: environment, isLocal: false))
    }

    func http1Handler(for peer: Peer) -> (any HTTPHandler)? { nil }

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
