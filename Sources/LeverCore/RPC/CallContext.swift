/// What is known of a call beside its arguments. The same type describes a call that is about to be made and a call that
/// has arrived.
public struct CallContext: Sendable {
    /// Where the call goes.
    public var url: LeverURL
    /// When the caller stops waiting, on this process's own monotonic clock; `nil` leaves it to the host's default.
    public var deadline: ContinuousClock.Instant?
    /// Identifies the call and all calls made on its behalf (`lever-call-id`).
    public var callID: String?
    /// How many calls stand above this one (`lever-call-depth`); 0 for a call from outside.
    public var depth: Int
    /// The environment that the caller belongs to when it is another one (`x-lever-src-env`).
    public var callerEnvironment: String?
    /// The epoch of the resource's activation (`lever-resource-epoch`).
    public var epoch: UInt64?
    /// `host:port` that calls made on behalf of this one go to (`x-lever-internal-rpc-gateway`).
    public var internalGateway: String?
    /// Any further headers, names in lower case.
    public var metadata: [(name: String, value: String)]
    /// The term of the host that makes the call (`lever-host-term`); only hooks carry it.
    package var hostTerm: UInt32?
    /// What the service that answers the call keeps for it; not part of the call, and `nil` everywhere else.
    package var scope: (any AnyObject & Sendable)?
    /// Whether the caller says that the method may run twice for this call; it never crosses the wire.
    public var isIdempotent = false

    /// Makes the context of a call; what is left out is unknown or left to the host.
    public init(
        url: LeverURL, deadline: ContinuousClock.Instant? = nil, callID: String? = nil, depth: Int = 0,
        callerEnvironment: String? = nil, epoch: UInt64? = nil, internalGateway: String? = nil,
        metadata: [(name: String, value: String)] = []
    ) {
        self.url = url
        self.deadline = deadline
        self.callID = callID
        self.depth = depth
        self.callerEnvironment = callerEnvironment
        self.epoch = epoch
        self.internalGateway = internalGateway
        self.metadata = metadata
    }

    /// The time until ``deadline``, never less than zero; `nil` without a deadline.
    public var timeRemaining: Duration? {
        deadline.map { max(.zero, $0 - .now) }
    }

    /// The first header of a name.
    ///
    /// - Parameter name: The name, in lower case.
    public func metadata(_ name: String) -> String? {
        metadata.first { $0.name == name }?.value
    }
}
