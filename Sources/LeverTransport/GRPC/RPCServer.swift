package import LeverCore
package import Logging
package import NIOCore

/// The bounds of a server.
package struct RPCServerConfiguration: Sendable {
    package var listener = ListenerConfiguration()
    package var grpc = GRPCConfiguration()

    package init() {}

    package static let defaults = RPCServerConfiguration()
}

/// The simplest server: listens, and hands all gRPC calls to one handler. What an instance of a service is made of.
package final class RPCServer: Sendable {
    private let listener: Listener

    private init(_ listener: Listener) {
        self.listener = listener
    }

    /// Starts to listen and to serve.
    ///
    /// - Parameter origin: who calls: a host whose headers count (an instance), or callers.
    /// - Throws: ``RuntimeError`` with the code `bindFailed`, naming the address.
    package static func start(
        on address: TransportAddress, handler: any RPCHandler, group: any EventLoopGroup,
        origin: GRPCCallOrigin = .host, configuration: RPCServerConfiguration = .defaults, logger: Logger
    ) async throws -> RPCServer {
        let acceptor = Acceptor(handler: handler, origin: origin, configuration: configuration.grpc)
        return RPCServer(
            try await Listener.start(
                on: address, group: group, acceptor: acceptor, configuration: configuration.listener, logger: logger))
    }

    /// Where it listens, with the port that was given to it.
    package var localAddress: TransportAddress { listener.localAddress }

    /// Connections that are open now.
    package var connectionCount: Int { listener.connectionCount }

    /// Takes no more calls, lets those in progress finish, and ends what is left when the time is over. Returns once all
    /// connections are closed.
    package func drain(within time: Duration) async {
        await listener.drain(within: time)
    }

    /// Takes no more calls and breaks all connections without a word, as the end of a process does.
    package func abort() async {
        await listener.abort()
    }

    private struct Acceptor: ListenerAcceptor {
        let handler: any RPCHandler
        let origin: GRPCCallOrigin
        let configuration: GRPCConfiguration

        func http2Delegate(for peer: Peer, on eventLoop: any EventLoop) -> any HTTP2ConnectionDelegate {
            Owner(self)
        }

        func http1Handler(for peer: Peer) -> (any HTTPHandler)? { nil }
    }

    private final class Owner: HTTP2ConnectionDelegate {
        private let acceptor: Acceptor

        init(_ acceptor: Acceptor) {
            self.acceptor = acceptor
        }

        func connection(
            _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
        ) -> (any HTTP2StreamDelegate)? {
            GRPCServerCall.serve(
                stream, head: head, endStream: endStream, handler: acceptor.handler, origin: acceptor.origin,
                configuration: acceptor.configuration)
        }
    }
}
