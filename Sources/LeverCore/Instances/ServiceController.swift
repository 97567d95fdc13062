/// Decides when instances of one service start, take calls, drain and end, and how a version takes over.
///
/// A value without clock, tasks and I/O: the supervisor feeds it events and carries out the actions, in their order. A version
/// takes over in three steps, so that what was acknowledged is never lost: its instances become ready, as many as the old
/// version has; the catalog records it as live (``Action/commit(version:)``); and only then calls go to it and the old
/// instances drain. How many instances there are, ``ScalingPolicy`` decides; this value only sees to it that a call which
/// waits gets one.
public struct ServiceController: Sendable {
    /// The bounds of an instance's life.
    public struct Configuration: Sendable, Equatable {
        /// How long an instance may take from its start to its first answer.
        public var instanceStartTimeout: Duration = .seconds(15)
        /// How long calls in progress may go on when an instance is replaced.
        public var drainTimeout: Duration = .seconds(30)
        /// How long open channels may go on when an instance is replaced.
        public var channelDrainTimeout: Duration = .seconds(300)
        /// How long calls in progress may go on when the service is removed or the host stops.
        public var shutdownTimeout: Duration = .seconds(10)
        /// When failing instances are started again.
        public var backoff = RestartBackoff.Configuration()

        /// Makes the defaults.
        public init() {}
    }

    /// A version that is live or may become it, as far as the controller has to know it.
    public struct Candidate: Sendable, Hashable {
        /// Its number.
        public var version: Int
        /// Whether its program may be one that can only listen on the one port that instances without our SDKs use.
        public var needsPort: Bool
        /// The instances that are kept even when idle.
        public var minInstances: Int
        /// The most instances.
        public var maxInstances: Int
        /// How long calls may go on when an instance of it is replaced; `nil` for the host's bound.
        public var drainTimeout: Duration?
        /// How long channels may go on when an instance of it is replaced; `nil` for the host's bound.
        public var channelDrainTimeout: Duration?

        /// Makes a candidate of its parts.
        public init(
            version: Int, needsPort: Bool = false, minInstances: Int = 0, maxInstances: Int = 10,
            drainTimeout: Duration? = nil, channelDrainTimeout: Duration? = nil
        ) {
            self.version = version
            self.needsPort = needsPort
            self.minInstances = minInstances
            self.maxInstances = maxInstances
            self.drainTimeout = drainTimeout
            self.channelDrainTimeout = channelDrainTimeout
        }
    }

    /// What happened.
    public enum Event: Sendable {
        /// At least one call waits for an instance.
        case callsWaiting
        /// A version was uploaded and is to take over. Version numbers count the uploads: one that comes after a higher one is
        /// refused. `request` tells this wish from all others.
        case deploy(Candidate, request: Int)
        /// A version that was live before is to take over again. `newest` is the highest version number there is: whatever was
        /// uploaded up to now is earlier than this wish.
        case rollback(Candidate, newest: Int, request: Int)
        /// The catalog has recorded the version as live.
        case committed(version: Int)
        /// The catalog could not record it.
        case commitFailed(version: Int, RPCError)
        /// An instance of the live version that an earlier run of the host has left goes on: it is ready. To be sent before
        /// anything else.
        case adopted(InstanceID)
        /// The instance answers. `holdsPort` says that it listens on the port that only one instance can have.
        case ready(InstanceID, holdsPort: Bool)
        /// The instance will not become ready, though it may still be there; the text says why, with its last output.
        case startFailed(InstanceID, how: String)
        /// The instance is gone, wherever it stood; the text says how, with its last output.
        case exited(InstanceID, how: String)
        /// The instance has not answered for a while.
        case silent(InstanceID)
        /// A silent instance answers again.
        case heard(InstanceID)
        /// The instance does not answer and does nothing: it counts as dead. The text says for how long.
        case lost(InstanceID, how: String)
        /// The instance is to be replaced: no new calls, those in progress get their time, then it ends.
        case condemn(InstanceID)
        /// The instance is to end once its calls have, however long they take. It is not taken back.
        case retire(InstanceID)
        /// What the scaling policy wants of the live version.
        case scale(ScalingPlan)
        /// The instance's gate is closed, its last call has ended, and no resource is on it.
        case drained(InstanceID)
        /// The time asked for by ``Action/wake(at:)`` has come.
        case timer
        /// The service is to end: it was removed, or the host stops.
        case shutdown
    }

    /// What is to be done.
    public enum Action: Sendable, Equatable {
        /// Ask the driver for an instance.
        case start(InstanceID, version: Int)
        /// The instance took too long: report ``Event/startFailed(_:how:)`` with what it wrote.
        case startTimedOut(InstanceID)
        /// The set of instances that take calls has changed: publish it, then let the calls that wait try again.
        case publish
        /// Close the gate and report ``Event/drained(_:)`` when its last call has ended.
        case drain(InstanceID)
        /// Reopen the gate of an instance that was draining.
        case undrain(InstanceID)
        /// The time of a draining instance's calls is over: end them, but not its channels.
        case endCalls(InstanceID)
        /// End all that is left in the instance, ask it to end, and make it.
        case terminate(InstanceID)
        /// End the instance at once: it would not hear the question.
        case kill(InstanceID)
        /// Fail the calls that wait.
        case failWaiting(RPCError)
        /// Record the version as live.
        case commit(version: Int)
        /// The version is live, as was asked for.
        case deployed(version: Int, request: Int)
        /// The version did not take over; what was live still is.
        case deploymentFailed(version: Int, request: Int, RPCError)
        /// Send ``Event/timer`` at this time; replaces an earlier wish.
        case wake(at: ContinuousClock.Instant)
        /// Nothing of the service is left.
        case stopped
    }

    /// One instance as the controller sees it.
    public struct Instance: Sendable, Equatable {
        /// Its id, never used again.
        public let id: InstanceID
        /// The version that it runs.
        public let version: Int
        /// Where it stands.
        public internal(set) var state: InstanceState
        /// Whether it listens on the one port that instances without our SDKs use; before it is ready, whether it may.
        public internal(set) var holdsPort: Bool
        /// Whether it answered when it was last asked.
        public internal(set) var isResponsive = true
        /// Whether it may be made ready again while it drains: it leaves for want of calls only.
        public internal(set) var mayReturn = false
        /// How long an instance of this version took from its start until it was ready.
        public internal(set) var startTime: Duration?

        let started: ContinuousClock.Instant
        let drainTimeout: Duration
        let channelDrainTimeout: Duration
        /// When it is to have reached its next state: the end of its start or of its drain.
        var deadline: ContinuousClock.Instant?
        /// When its channels are to have ended, once ``deadline`` has ended its calls.
        var channelDeadline: ContinuousClock.Instant?
        var readySince: ContinuousClock.Instant?
    }

    /// A version that is taking over.
    struct Deployment: Sendable, Equatable {
        enum Phase: Sendable, Equatable {
            /// The old instance has the port and must end first.
            case freeingPort
            case starting
            case committing
        }

        var candidate: Candidate
        let request: Int
        var phase = Phase.freeingPort
        /// The instances that are to be ready before anything goes to it.
        var instances: [InstanceID] = []
    }

    /// A wish that waits for a commit which nothing can stop any more.
    struct Wish: Sendable, Equatable {
        let candidate: Candidate
        let request: Int
    }

    /// The service.
    public let service: ServiceID
    /// The bounds.
    public let configuration: Configuration
    /// The version that calls go to; `nil` before the first one.
    public var liveVersion: Int? { live?.version }
    /// The version that is taking over.
    public var deployingVersion: Int? { deployment?.candidate.version }
    /// All instances that are not stopped, in the order of their start.
    public internal(set) var instances: [Instance] = []
    /// When failing instances may be started again.
    public internal(set) var backoff: RestartBackoff
    /// How long the last instance of the live version took from its start until it was ready.
    public internal(set) var lastStartTime: Duration?

    var live: Candidate?
    var deployment: Deployment?
    var next: Wish?
    /// The highest version number that a wish was about or came after.
    var newest: Int
    var hasWaitingCalls = false
    var isShuttingDown = false
    var hasStopped = false
    var lastFailure: String?
    private let idPrefix: String
    private var startedCount = 0

    /// Makes the controller of a service of which nothing runs.
    ///
    /// `live` is the version that calls go to; `idPrefix` starts the ids of its instances; it must differ for each service and
    /// each run of the host.
    public init(service: ServiceID, live: Candidate?, idPrefix: String, configuration: Configuration = .init()) {
        self.service = service
        self.live = live
        self.idPrefix = idPrefix
        self.configuration = configuration
        newest = live?.version ?? 0
        backoff = RestartBackoff(configuration: configuration.backoff)
    }

    /// The instances that take calls.
    public var readyInstances: some Collection<Instance> {
        instances.filter { $0.state == .ready && $0.isResponsive && $0.version == live?.version }
    }

    /// Takes an event; the actions are to be carried out in their order.
    public mutating func handle(_ event: Event, at now: ContinuousClock.Instant) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .callsWaiting: callsWaiting(now, &actions)
        case .deploy(let candidate, let request): deploy(candidate, request: request, now, &actions)
        case .rollback(let candidate, let newest, let request):
            rollback(candidate, newest: newest, request: request, now, &actions)
        case .committed(let version): committed(version, now, &actions)
        case .commitFailed(let version, let error): commitFailed(version, error, now, &actions)
        case .adopted(let id): adopted(id, now, &actions)
        case .ready(let id, let holdsPort): ready(id, holdsPort: holdsPort, now, &actions)
        case .startFailed(let id, let how): startFailed(id, how: how, now, &actions)
        case .exited(let id, let how): exited(id, how: how, now, &actions)
        case .silent(let id): setResponsive(id, false, &actions)
        case .heard(let id): setResponsive(id, true, &actions)
        case .lost(let id, let how): lost(id, how: how, now, &actions)
        case .condemn(let id): condemn(id, now, &actions)
        case .retire(let id): retire(id, now, &actions)
        case .scale(let plan): scale(plan, now, &actions)
        case .drained(let id): drained(id, &actions)
        case .timer: timer(now, &actions)
        case .shutdown: shutdown(now, &actions)
        }
        if isShuttingDown, instances.isEmpty, deployment == nil, !hasStopped {
            hasStopped = true
            actions.append(.stopped)
        }
        if let next = nextDeadline { actions.append(.wake(at: next)) }
        return actions
    }

    private var nextDeadline: ContinuousClock.Instant? {
        instances.lazy.compactMap(\.deadline).min()
    }

    // MARK: Helpers of all phases

    func index(of id: InstanceID) -> Int? {
        instances.firstIndex { $0.id == id }
    }

    /// The ids that the next instances will get, in order.
    package func idsToCome(_ count: Int) -> [InstanceID] {
        (0..<count).map { InstanceID("\(idPrefix)-\(startedCount + 1 + $0)") }
    }

    /// Starts one instance and returns its id.
    @discardableResult
    mutating func start(
        _ candidate: Candidate, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) -> InstanceID {
        startedCount += 1
        let id = InstanceID("\(idPrefix)-\(startedCount)")
        var instance = make(id, candidate, now)
        instance.holdsPort = candidate.needsPort
        instance.deadline = now + configuration.instanceStartTimeout
        instances.append(instance)
        actions.append(.start(id, version: candidate.version))
        return id
    }

    /// An instance that is being started, without a deadline and without the port.
    func make(_ id: InstanceID, _ candidate: Candidate, _ now: ContinuousClock.Instant) -> Instance {
        let drainTimeout = candidate.drainTimeout ?? configuration.drainTimeout
        return Instance(
            id: id, version: candidate.version, state: .starting, holdsPort: false, started: now,
            drainTimeout: drainTimeout,
            channelDrainTimeout: max(drainTimeout, candidate.channelDrainTimeout ?? configuration.channelDrainTimeout))
    }

    mutating func terminate(_ index: Int, _ actions: inout [Action]) {
        guard instances[index].state != .stopping else { return }
        instances[index].state = .stopping
        instances[index].deadline = nil
        actions.append(.terminate(instances[index].id))
    }
}
