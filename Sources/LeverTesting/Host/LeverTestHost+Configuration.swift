public import LeverCore

extension LeverTestHost {
    /// What a host in memory is made with: the bounds of a host, with its defaults, and the parts that can be exchanged.
    public struct Configuration: Sendable {
        /// Decides all that chance decides: which instance a call goes to.
        public var seed: UInt64 = 1
        /// How long an instance takes from its start until it answers; see ``LeverTestHost/slowStart(_:_:)``.
        public var startTime: Duration = .zero
        /// Start, drain and back-off of instances.
        public var life = ServiceController.Configuration()
        /// Resources.
        public var resources = ResourceDirectory.Configuration()
        /// When a silent instance counts as dead.
        public var liveness = LivenessMonitor.Configuration()
        /// The time between two questions whether an instance still answers.
        public var heartbeatInterval: Duration = .seconds(2)
        /// How long an instance may take to end before it is made to.
        public var terminationGrace: Duration = .seconds(10)
        /// The time between two looks at a service's load, and at what is idle.
        public var scalingInterval: Duration = .seconds(1)
        /// Makes the scaling policy of a service.
        public var makePolicy: @Sendable (ServiceID) -> any ScalingPolicy = { _ in TargetLoadPolicy() }
        /// Chooses the instances that resources go to.
        public var placement: any ResourcePlacement = LeastLoadedPlacement()
        /// Chooses the instances that other calls go to.
        public var loadBalancer: any LoadBalancer = PowerOfTwoChoices()
        /// How long a unary call may take that brings no deadline; `nil` leaves it without.
        public var defaultTimeout: Duration?
        /// Calls of one service that may wait for an instance.
        public var maximumWaiting = 10_000
        /// How deep calls made on behalf of calls may be nested.
        public var maximumDepth = 32
        /// Bytes that may wait in each direction of a channel.
        public var channelBuffer = 64 * 1024
        /// Events that are kept; where there are more, the older half is forgotten.
        public var maximumEvents = 100_000

        /// Makes the defaults.
        public init() {}

        /// The defaults of a host, and instances that start at once.
        public static var defaults: Configuration { Configuration() }
    }
}
