/// What a single call asks for beside its arguments.
public struct CallOptions: Sendable {
    /// How long the call may take, from now until its reply (or the end of the channel); `nil` leaves it to the client's
    /// configuration. A deadline of the task (`withCallTimeout(_:operation:)`) or of the call that is being
    /// answered counts where it is earlier.
    public var timeout: Duration?
    /// Further headers, names in lower case. The host drops those that start with `x-`.
    public var metadata: [(name: String, value: String)]
    /// Whether the method may run twice for this call, so that the client's policies of retries and hedging may make it again
    /// when it is not known whether it has run. It never crosses the wire.
    public var isIdempotent: Bool

    /// Makes options of a deadline, further headers and a word on repeating.
    public init(timeout: Duration? = nil, metadata: [(name: String, value: String)] = [], isIdempotent: Bool = false) {
        self.timeout = timeout
        self.metadata = metadata
        self.isIdempotent = isIdempotent
    }

    /// No deadline of its own, no further headers, at most once.
    public static var defaults: CallOptions { CallOptions() }

    /// A deadline.
    public static func timeout(_ timeout: Duration) -> CallOptions {
        CallOptions(timeout: timeout)
    }

    /// A call whose method may run twice.
    public static var idempotent: CallOptions { CallOptions(isIdempotent: true) }
}
