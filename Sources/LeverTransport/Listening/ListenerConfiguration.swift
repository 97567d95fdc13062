/// The bounds of a listening port.
package struct ListenerConfiguration: Sendable {
    /// Connections that may be open at once; further ones are closed when they are accepted.
    package var maximumConnections = 20_000
    /// Connections that may wait to be accepted.
    package var backlog = 1024
    /// How long a new connection may take until it has shown which protocol it speaks.
    package var detectionTimeout: Duration = .seconds(10)
    /// How long an HTTP/1.1 connection may take until the head of its next request is whole.
    package var requestHeadTimeout: Duration = .seconds(60)
    /// The largest head of an HTTP/1.1 request, in bytes.
    package var maximumHeadLength = 64 * 1024
    /// The most fields of an HTTP/1.1 request.
    package var maximumFields = 200
    /// Permissions of a unix socket's file.
    package var socketMode: UInt32 = 0o600
    /// Whether the address may be one that this machine does not have yet, on Linux: that of a bridge which is made for the
    /// first container in it.
    package var mayPrecedeAddress = false
    /// Peers that may do what callers on this machine may.
    package var trustedPeers: [AddressRange] = []
    package var http2 = HTTP2Configuration()

    package init() {}

    package static let defaults = ListenerConfiguration()
}
