import Synchronization

/// A header block to send: pseudo-headers first, names in lower case. Connections keep its encoded form, so a head that
/// is sent often is best made once and kept. Immutable; may be used by any number of connections.
package final class HTTP2EncodedHead: Sendable {
    /// All fields in their order.
    package var fields: [(name: String, value: String)] { (beginning?.fields ?? []) + own }

    /// Tells it from all other heads that are kept, those that are gone included; 0 for one that is sent once.
    let number: UInt64
    private static let count = Atomic<UInt64>(0)

    /// What it begins with, kept in its encoded form; then it is sent once only.
    let beginning: HTTP2EncodedHead?
    /// What follows.
    let own: [(name: String, value: String)]

    /// Makes a head that is worth keeping, since it may be sent again.
    package init(_ fields: [(name: String, value: String)]) {
        beginning = nil
        own = fields
        number = Self.count.add(1, ordering: .relaxed).newValue
    }

    /// Makes a head that is sent once, and begins as one that is kept.
    package init(_ beginning: HTTP2EncodedHead, followedBy fields: [(name: String, value: String)]) {
        self.beginning = beginning
        own = fields
        number = 0
    }
}
