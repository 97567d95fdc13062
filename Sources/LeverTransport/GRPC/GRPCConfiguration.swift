/// The bounds of calls at one end.
package struct GRPCConfiguration: Sendable {
    /// The longest message, sent or received, in bytes.
    package var maximumMessageLength = 16 * 1024 * 1024
    /// Bytes that may wait to be sent before `send` suspends.
    package var sendBuffer = 64 * 1024
    /// How long what a caller still sends after its call has ended is tolerated and dropped.
    package var lateDataTimeout: Duration = .seconds(10)
    /// The deadline of unary calls that bring none; `nil` leaves them without.
    package var defaultDeadline: Duration?
    /// The longest deadline; later ones are brought forward to it.
    package var maximumDeadline: Duration = .seconds(24 * 3600)
    /// How deep calls made on behalf of calls may be nested.
    package var maximumDepth = 32
    /// Whether handlers run on Swift's global executor instead of the connection's event loop: for code that blocks.
    package var handlersRunOnGlobalExecutor = false

    package init() {}

    package static let defaults = GRPCConfiguration()
}
