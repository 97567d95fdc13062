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
    /// Connections that may take streams at once: more than one only while the peer's limit of streams leaves no room on the
    /// others.
    package var maximumConnections = 32
    /// Streams that may wait for a connection or for the peer's limit.
    package var maximumQueue = 10_000
    /// The wait after the first failed attempt to connect; doubled with each one up to ``maximumBackoff``.
    package var initialBackoff: Duration = .milliseconds(100)
    /// The longest wait after a failed attempt.
    package var maximumBackoff: Duration = .seconds(10)
    /// The bounds of the connection itself.
    package var http2 = HTTP2Configuration()

    package init() {}

    package static let defaults = EndpointConfiguration()
}
