import LeverCore

/// A service with all that the host keeps for it, and what is really the case.
final class SimulatedService {
    /// Somebody waits to be told how a deployment ended.
    struct Request {
        let version: SimulatedVersion
        /// Whether a later one came before it.
        let isLate: Bool
        let since: ContinuousClock.Instant
    }

    let index: Int
    let id: ServiceID
    /// The decisions; `nil` while the service does not exist, or the host is down.
    var machine: ServiceMachine?
    /// Counts the machines, so that what was sent to an earlier one does nothing.
    var run = 0
    var epochs: EpochGenerator?

    // What the host keeps.
    var policy: any ScalingPolicy
    var instances: [InstanceID: SimulatedInstance] = [:]
    var versions: [Int: SimulatedVersion] = [:]
    var activations: [ResourceID: SimulatedActivation] = [:]
    /// The resources of ``activations`` in the order in which they came, since dictionaries have none that a seed decides.
    var active: [ResourceID] = []
    var waiting: [ResourceID?: [SimulatedCall]] = [:]
    var callsWaitIsQueued = false
    var waitingResources: [ResourceID] = []
    var moves: [ResourceID: Int] = [:]
    var timer = 0
    var resourceTimer = 0
    var look = 0
    var hasLook = false
    var isLooking = false
    var lastIdleLook: ContinuousClock.Instant
    var ownBounds: ScalingBounds?

    // What was asked of it.
    var calls: LoadMeter
    var channels: LoadMeter
    var begun = 0
    var loadTaken: ContinuousClock.Instant
    /// The mean time between two calls of its clients; `nil` where none come.
    var pace: Duration?

    // What is kept over restarts.
    var catalogLive: Int?
    var uploaded = 0
    var requests = 0

    // What the guarantees are held against.
    var pending: [Int: Request] = [:]
    var lastAnswered = 0
    /// The highest version number that was heard of.
    var newest = 0
    /// The version that the catalog was last asked to record.
    var committing: Int?
    /// The version that was acknowledged last.
    var acknowledged: Int?
    var wasLive: Set<Int> = []
    var lastEpoch: Epoch?
    /// Who may act for a resource: from when `NewResource` is sent until `CloseResource` is answered or the instance dead.
    var holders: [ResourceID: [InstanceID: Epoch]] = [:]
    var publishedAt: ContinuousClock.Instant
    var isEnding = false
    /// When something last went wrong with it that may make calls fail.
    var lastTrouble: ContinuousClock.Instant?
    var processes = 0

    init(index: Int, id: ServiceID, policy: any ScalingPolicy, at now: ContinuousClock.Instant) {
        self.index = index
        self.id = id
        self.policy = policy
        calls = LoadMeter(at: now)
        channels = LoadMeter(at: now)
        loadTaken = now
        lastIdleLook = now
        publishedAt = now
    }

    var bounds: ScalingBounds {
        if let ownBounds { return ownBounds }
        return machine?.instances.liveVersion.flatMap { versions[$0]?.bounds } ?? ScalingBounds()
    }

    var waitingCount: Int { waiting.values.reduce(0) { $0 + $1.count } }

    func known(_ id: InstanceID) -> ServiceController.Instance? {
        machine?.instances.instances.first { $0.id == id }
    }
}
