package import Logging
package import NIOCore

/// The bounds of the way to a peer.
package struct EndpointConfiguration: Sendable {
    /// How long a connection may take until both sides' SETTINGS are exchanged.
    package var connectTimeout: Duration = .seconds(20)
    /// A connection without streams is closed after this time; `nil` keeps it.
    package var idleTimeout: Duration? = .seconds(300)
    /// Interval of PINGs while streams are open; `nil` sends none. Plain gRPC servers allow one in five minutes.
    package var keepAliveInterval: Duration?
    /// How long the answer to a PING may take before the connection counts as lost.
    package var keepAliveTimeout: Duration = .seconds(20)
    /// Streams that may wait for a connection or for the peer's limit.
    package var maximumQueue = 10_000
    /// The wait after the first failed attempt to connect; doubled with each one up to ``maximumBackoff``.
    package var initialBackoff: Duration = .milliseconds(100)
    package var maximumBackoff: Duration = .seconds(10)
    package var http2 = HTTP2Configuration()

    package init() {}

    package static let defaults = EndpointConfiguration()
}

/// One event loop's way to a peer: makes the connection when a stream needs one, again when it was lost, and lets streams
/// wait for it. Confined to its event loop.
package final class HTTP2Endpoint {
    package let address: TransportAddress
    package let eventLoop: any EventLoop

    package init(
        address: TransportAddress, eventLoop: any EventLoop, configuration: EndpointConfiguration = .defaults,
        logger: Logger
    ) {
        preconditionFailure()
    }

    /// Opens a stream, at once where there is room on a connection, later where there is not. `delegate` hears
    /// `streamOpened` and then `streamEnded`, or only `streamEnded` (with `.notBegun`) where no stream could be opened.
    /// Both may come before this returns. A stream that still waits at `deadline` ends with `.notBegun`.
    package func open(
        head: HTTP2EncodedHead, endStream: Bool, deadline: NIODeadline?, delegate: any HTTP2StreamDelegate
    ) {
        preconditionFailure()
    }

    /// Takes a stream that waits out of the queue without a word to its delegate; `false` where it does not wait.
    package func abandon(_ delegate: any HTTP2StreamDelegate) -> Bool { preconditionFailure() }

    /// Connects, where there is no connection, and calls back once SETTINGS are exchanged or it failed.
    package func probe(_ done: @escaping (Result<Void, RuntimeErrorText>) -> Void) { preconditionFailure() }

    /// Takes no more streams; ends the connection once the open ones have ended (at once with `force`).
    package func close(force: Bool = false) { preconditionFailure() }

    /// Why a connection could not be made.
    package struct RuntimeErrorText: Error, CustomStringConvertible {
        package let description: String
    }
}
