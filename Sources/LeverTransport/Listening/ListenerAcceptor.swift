package import NIOCore

/// What becomes of accepted connections, once it is known which protocol they speak.
package protocol ListenerAcceptor: Sendable {
    /// Who owns an HTTP/2 connection; called on its event loop.
    func http2Delegate(for peer: Peer, on eventLoop: any EventLoop) -> any HTTP2ConnectionDelegate

    /// Who answers HTTP/1.1 requests; `nil` where HTTP/1.1 is not served.
    func http1Handler(for peer: Peer) -> (any HTTPHandler)?
}
