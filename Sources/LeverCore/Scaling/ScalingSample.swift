/// What was measured of one service since its policy was last asked.
public struct ScalingSample: Sendable, Hashable {
    /// One instance of the live version.
    public struct Instance: Sendable, Hashable {
        /// Which one it is.
        public var id: InstanceID
        /// Where it stands in its life.
        public var state: InstanceState
        /// Calls in progress at this moment, channels included.
        public var calls: Int
        /// Resources that it holds.
        public var resources: Int
        /// Whether it may be made ready again while it drains; not where it drains because it is sick or replaced.
        public var mayReturn: Bool

        /// Makes the state of one instance.
        public init(
            id: InstanceID, state: InstanceState, calls: Int = 0, resources: Int = 0, mayReturn: Bool = true
        ) {
            self.id = id
            self.state = state
            self.calls = calls
            self.resources = resources
            self.mayReturn = mayReturn
        }
    }

    /// When it was taken.
    public var at: ContinuousClock.Instant
    /// The time up to ``at`` that the means and counts are of; zero where only the instances are news.
    public var interval: Duration
    /// The time-weighted mean of calls in progress: all but channels, with those that wait for an instance.
    public var calls: Double
    /// The time-weighted mean of open channels.
    public var channels: Double
    /// Calls that wait for an instance at this moment.
    public var waiting: Int
    /// Calls that began, per second.
    public var arrivalRate: Double
    /// Calls that ended.
    public var completed: Int
    /// How long those that ended took, all together.
    public var completedTime: Duration
    /// How long an instance of this service takes from its start until it is ready; `nil` before one has.
    public var startTime: Duration?
    /// What the manifest, or whoever runs the host, says.
    public var bounds: ScalingBounds
    /// All instances of the live version, in the order of their start.
    public var instances: [Instance]

    /// Makes a sample.
    public init(
        at: ContinuousClock.Instant, interval: Duration, calls: Double = 0, channels: Double = 0, waiting: Int = 0,
        arrivalRate: Double = 0, completed: Int = 0, completedTime: Duration = .zero, startTime: Duration? = nil,
        bounds: ScalingBounds = .init(), instances: [Instance] = []
    ) {
        self.at = at
        self.interval = interval
        self.calls = calls
        self.channels = channels
        self.waiting = waiting
        self.arrivalRate = arrivalRate
        self.completed = completed
        self.completedTime = completedTime
        self.startTime = startTime
        self.bounds = bounds
        self.instances = instances
    }

    /// Calls, and channels at what they count; 0 where the measurement is no number.
    public var load: Double {
        let load = calls + channels * bounds.channelLoad
        return load.isFinite ? max(0, load) : 0
    }

    /// Whether nothing was asked of the service.
    public var isIdle: Bool {
        calls <= 0 && channels <= 0 && waiting == 0 && arrivalRate <= 0 && instances.allSatisfy { $0.calls == 0 }
    }

    /// Instances that take calls.
    public var ready: Int { instances.count { $0.state == .ready } }
    /// Instances that will.
    public var starting: Int { instances.count { $0.state == .starting } }
}
