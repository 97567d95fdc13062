/// A header block to send: pseudo-headers first, names in lower case. Connections keep its encoded form, so a head that
/// is sent often is best made once and kept. Immutable; may be used by any number of connections.
package final class HTTP2EncodedHead: Sendable {
    /// The fields in their order.
    package let fields: [(name: String, value: String)]
    /// Whether it may be sent again, so that keeping its encoded form is worth it.
    package let isRepeated: Bool

    package init(_ fields: [(name: String, value: String)], isRepeated: Bool = true) {
        self.fields = fields
        self.isRepeated = isRepeated
    }
}
