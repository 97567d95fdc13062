/// Decides when instances of one service start, take calls, drain and end, and how a new version takes over.
///
/// A value without clock, tasks and I/O: the supervisor feeds it events and carries out the actions, in their order. Versions
/// take over in three steps, so that what was acknowledged is never lost: the new version's instance becomes ready, the
/// catalog records the version as live (``Action/commit(version:)``), and only then calls go to it and the old ones drain.
public struct ServiceController: Sendable {
    /// The bounds of an instance's life.
    public struct Configuration: Sendable, Equatable {
        /// How long an instance may take from its start to its first answer.
        public var instanceStartTimeout: Duration = .seconds(15)
        /// How long an instance without calls is kept.
        public var instanceIdleTimeout: Duration = .seconds(300)
        /// How long calls in progress may go on when a version is replaced.
        public var drainTimeout: Duration = .seconds(30)
        /// How long calls in progress may go on when the service is removed or the host stops.
        public var shutdownTimeout: Duration = .seconds(10)
        /// When failing instances are started again.
        public var backoff = RestartBackoff.Configuration()

        /// Makes the defaults.
        public init() {}
    }

    /// What happened.
    public enum Event: Sendable {
        /// At least one call waits for an instance.
        case callsWaiting
        /// A version was uploaded and is to take over. `needsPort` says that its program may be one that can only listen on
        /// the one port that instances without our SDKs use.
        case deploy(version: Int, needsPort: Bool)
        /// The catalog has recorded the version as live.
        case committed(version: Int)
        /// The catalog could not record it.
        case commitFailed(version: Int, RPCError)
        /// The instance answers. `holdsPort` says that it listens on the port that only one instance can have.
        case ready(InstanceID, holdsPort: Bool)
        /// The instance will not become ready, though it may still be there; the text says why, with its last output.
        case startFailed(InstanceID, how: String)
        /// The instance is gone, wherever it stood; the text says how, with its last output.
        case exited(InstanceID, how: String)
        /// No call has been in the instance for the idle timeout.
        case idle(InstanceID)
        /// The instance's gate is closed and its last call has ended.
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
        /// End the calls that are left, ask the instance to end, and make it.
        case terminate(InstanceID)
        /// Fail the calls that wait.
        case failWaiting(RPCError)
        /// Record the version as live.
        case commit(version: Int)
        /// The deployment has come to its end.
        case deployed(version: Int)
        /// The deployment has failed; what was live still is.
        case deploymentFailed(version: Int, RPCError)
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
        /// When it is to have reached its next state: the end of its start or of its drain.
        var deadline: ContinuousClock.Instant?
        var readySince: ContinuousClock.Instant?
    }

    /// A version that is taking over.
    struct Deployment: Sendable, Equatable {
        enum Phase: Sendable, Equatable {
            /// The old instance has the port and must end first.
            case freeingPort
            case starting(InstanceID)
            case committing(InstanceID)
        }

        let version: Int
        let needsPort: Bool
        var phase: Phase
    }

    /// The service.
    public let service: ServiceID
    /// The bounds.
    public let configuration: Configuration
    /// The version that calls go to; `nil` before the first one.
    public internal(set) var liveVersion: Int?
    /// All instances that are not stopped, in the order of their start.
    public internal(set) var instances: [Instance] = []
    /// When failing instances may be started again.
    public internal(set) var backoff: RestartBackoff

    var deployment: Deployment?
    /// The upload that follows the one whose commit is under way, which nothing can stop any more.
    var nextDeployment: (version: Int, needsPort: Bool)?
    var liveNeedsPort: Bool
    var hasWaitingCalls = false
    var isShuttingDown = false
    var hasStopped = false
    var lastFailure: String?
    private let idPrefix: String
    private var started = 0

    /// Makes the controller of a service of which nothing runs.
    ///
    /// `idPrefix` starts the ids of its instances; it must differ for each service and each run of the host. `liveNeedsPort`
    /// says of the live version what ``Event/deploy(version:needsPort:)`` says of a new one.
    public init(
        service: ServiceID, liveVersion: Int?, liveNeedsPort: Bool = false, idPrefix: String,
        configuration: Configuration = .init()
    ) {
        self.service = service
        self.liveVersion = liveVersion
        self.liveNeedsPort = liveNeedsPort
        self.idPrefix = idPrefix
        self.configuration = configuration
        backoff = RestartBackoff(configuration: configuration.backoff)
    }

    /// The instances that take calls.
    public var readyInstances: some Collection<Instance> {
        instances.filter { $0.state == .ready && $0.version == liveVersion }
    }

    /// Takes an event; the actions are to be carried out in their order.
    public mutating func handle(_ event: Event, at now: ContinuousClock.Instant) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .callsWaiting: callsWaiting(now, &actions)
        case .deploy(let version, let needsPort): deploy(version, needsPort: needsPort, now, &actions)
        case .committed(let version): committed(version, now, &actions)
        case .commitFailed(let version, let error): commitFailed(version, error, now, &actions)
        case .ready(let id, let holdsPort): ready(id, holdsPort: holdsPort, now, &actions)
        case .startFailed(let id, let how): startFailed(id, how: how, now, &actions)
        case .exited(let id, let how): exited(id, how: how, now, &actions)
        case .idle(let id): idle(id, &actions)
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

    /// Starts one instance and returns its id.
    @discardableResult
    mutating func start(
        _ version: Int, needsPort: Bool, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) -> InstanceID {
        started += 1
        let id = InstanceID("\(idPrefix)-\(started)")
        var instance = Instance(id: id, version: version, state: .starting, holdsPort: needsPort)
        instance.deadline = now + configuration.instanceStartTimeout
        instances.append(instance)
        actions.append(.start(id, version: version))
        return id
    }

    mutating func terminate(_ index: Int, _ actions: inout [Action]) {
        guard instances[index].state != .stopping else { return }
        instances[index].state = .stopping
        instances[index].deadline = nil
        actions.append(.terminate(instances[index].id))
    }

    /// Stops giving calls to an instance; without a limit it may take for ever and can be taken back.
    mutating func drain(_ index: Int, until deadline: ContinuousClock.Instant?, _ actions: inout [Action]) {
        switch instances[index].state {
        case .starting:
            terminate(index, &actions)
        case .ready:
            instances[index].state = .draining
            instances[index].deadline = deadline
            actions.append(.drain(instances[index].id))
        case .draining:
            // A limit that comes later (an upgrade while scaling down) holds; it is never taken away.
            if instances[index].deadline == nil { instances[index].deadline = deadline }
        case .stopping:
            break
        }
    }
}
