package import LeverCore

/// Who a call comes from, as far as the connection that it came over tells; never what its headers say.
package struct Caller: Sendable, Hashable {
    /// The environment whose internal gateway the call came through; `nil` for a call from outside.
    package var environment: EnvironmentName?
    /// Whether the peer is on this machine, a unix socket or a loopback address, or is trusted as if it were.
    package var isLocal: Bool

    package init(environment: EnvironmentName?, isLocal: Bool) {
        self.environment = environment
        self.isLocal = isLocal
    }

    /// The host itself.
    package static let host = Caller(environment: .admin, isLocal: true)
}
