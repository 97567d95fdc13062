internal import LeverCore

/// A service with all that the host keeps for it. Only touched within ``LeverTestHost/act(_:)``.
final class WorldService: @unchecked Sendable {
    /// What is to go wrong with the next starts.
    struct StartFault {
        let how: String
        var times: Int
    }

    /// What is to go wrong with the next activations.
    struct ResourceFault {
        let resource: ResourceID?
        let error: String
        var times: Int
    }

    let id: ServiceID
    var machine: ServiceMachine
    var policy: any ScalingPolicy
    var versions: [Int: WorldVersion] = [:]
    var newestVersion = 0
    /// The version that the catalog has recorded, with those before it.
    var history: [Int] = []
    var instances: [InstanceID: WorldInstance] = [:]
    /// The instances that calls without a resource go to.
    var routes: [WorldInstance] = []
    var activations: [ResourceID: WorldActivation] = [:]
    /// The resources of ``activations`` in the order in which they came: dictionaries have none that a seed decides.
    var active: [ResourceID] = []
    var waiting: [ResourceID?: [WorldCall]] = [:]
    var callsWaitIsQueued = false
    var resourcesQueued: Set<ResourceID> = []

    var deployments: [Int: Outcome<Int>] = [:]
    var requests = 0
    var moves: [ResourceID: [Outcome<Activation>]] = [:]
    var removals: [Outcome<Void>] = []

    var timer: Int?
    var resourceTimer: Int?
    var lookTimer: Int?
    var lastIdleLook: ContinuousClock.Instant
    var lastLook: ContinuousClock.Instant

    var calls: LoadMeter
    var channels: LoadMeter
    var begun = 0
    var completed = 0
    var completedTime = Duration.zero

    var startTime: Duration?
    var startFaults: [StartFault] = []
    var resourceFaults: [ResourceFault] = []

    init(
        _ id: ServiceID, machine: ServiceMachine, policy: any ScalingPolicy, at now: ContinuousClock.Instant
    ) {
        self.id = id
        self.machine = machine
        self.policy = policy
        calls = LoadMeter(at: now)
        channels = LoadMeter(at: now)
        lastIdleLook = now
        lastLook = now
    }

    var bounds: ScalingBounds {
        machine.instances.liveVersion.flatMap { versions[$0] }.map { ScalingBounds($0.manifest) } ?? ScalingBounds()
    }

    var isPrivate: Bool {
        machine.instances.liveVersion.flatMap { versions[$0] }?.manifest.isPrivate ?? false
    }

    var waitingCount: Int { waiting.values.reduce(0) { $0 + $1.count } }

    func known(_ id: InstanceID) -> ServiceController.Instance? {
        machine.instances.instances.first { $0.id == id }
    }
}
