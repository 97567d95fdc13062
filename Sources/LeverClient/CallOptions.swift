/// What a single call asks for beside its arguments.
public struct CallOptions: Sendable {
    /// How long the call may take, from now until its reply (or the end of the channel); `nil` leaves it to the client's
    /// configuration.
    public var timeout: Duration?
    /// Further headers, names in lower case. The host drops those that start with `x-`.
    public var metadata: [(name: String, value: String)]

    /// Makes options of a deadline and further headers.
    public init(timeout: Duration? = nil, metadata: [(name: String, value: String)] = []) {
        self.timeout = timeout
        self.metadata = metadata
    }

    /// No deadline of its own and no further headers.
    public static var defaults: CallOptions { CallOptions() }

    /// A deadline.
    public static func timeout(_ timeout: Duration) -> CallOptions {
        CallOptions(timeout: timeout)
    }
}
