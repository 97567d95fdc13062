import NIOCore

/// Who is at the other end of an accepted connection, as far as the socket tells.
package struct Peer: Sendable, Hashable, CustomStringConvertible {
    /// Whether it is on this machine: a unix socket or a loopback address.
    package let isLocal: Bool
    /// Whether it may do what callers on this machine may.
    package let isTrusted: Bool
    /// The address, for logs and messages.
    package let description: String

    package init(isLocal: Bool, isTrusted: Bool? = nil, description: String) {
        self.isLocal = isLocal
        self.isTrusted = isTrusted ?? isLocal
        self.description = description
    }

    /// The peer at an address, trusted where that is in one of the ranges or on this machine.
    init(_ address: SocketAddress?, trusted: [AddressRange] = []) {
        switch address {
        case .unixDomainSocket:
            self.init(isLocal: true, description: "unix socket")
        case .v4, .v6:
            let text = address?.ipAddress ?? "?"
            let isLocal = Self.isLoopback(text)
            self.init(
                isLocal: isLocal, isTrusted: isLocal || trusted.contains { $0.contains(text) },
                description: "\(text):\(address?.port ?? 0)")
        case nil:
            self.init(isLocal: false, description: "unknown")
        }
    }

    /// Whether a numeric address is one of this machine's loopback addresses.
    package static func isLoopback(_ address: String) -> Bool {
        if address == "::1" || address.hasPrefix("127.") { return true }
        return address.lowercased().hasPrefix("::ffff:127.")
    }
}
