internal import LeverCore

/// A version of a service: how its instances are made.
struct WorldVersion: Sendable {
    var number: Int
    var manifest: Manifest
    var makeHandler: @Sendable () throws -> any RPCHandler

    var candidate: ServiceController.Candidate {
        ServiceController.Candidate(
            version: number, minInstances: manifest.minInstances, maxInstances: manifest.maxInstances,
            drainTimeout: manifest.drainTimeout, channelDrainTimeout: manifest.channelDrainTimeout)
    }
}

/// One instance as it really is. Only touched within ``LeverTestHost/act(_:)``.
final class WorldInstance: @unchecked Sendable {
    let id: InstanceID
    let service: WorldService
    let version: WorldVersion
    let executor: InstanceExecutor
    let link = Link()
    let gate: Gate
    var handler: (any RPCHandler)?
    /// Whether it has become ready, and calls may be routed to it.
    var hasRoute = false
    var isAlive = true
    /// Whether it was asked to end.
    var isEnding = false
    var isPaused = false
    var isPartitioned = false
    /// Calls that were given to it.
    var calls: [WorldCall] = []
    /// Handlers that have not returned, those of ended calls and of hooks included.
    var running = 0
    /// Ends its tasks once the host ends.
    var tasks: [Int: Task<Void, Never>] = [:]
    var monitor: LivenessMonitor
    var isSaidSilent = false
    var isWatched = false

    init(
        id: InstanceID, service: WorldService, version: WorldVersion, executor: InstanceExecutor,
        at now: ContinuousClock.Instant, liveness: LivenessMonitor.Configuration
    ) {
        self.id = id
        self.service = service
        self.version = version
        self.executor = executor
        gate = Gate(at: now)
        monitor = LivenessMonitor(at: now, configuration: liveness)
    }
}

/// A resource on an instance, as routes know it. Only touched within ``LeverTestHost/act(_:)``.
final class WorldActivation: @unchecked Sendable {
    let resource: ResourceID
    let epoch: Epoch
    let instance: WorldInstance
    let gate: Gate

    init(_ resource: ResourceID, _ epoch: Epoch, _ instance: WorldInstance, at now: ContinuousClock.Instant) {
        self.resource = resource
        self.epoch = epoch
        self.instance = instance
        gate = Gate(at: now)
    }
}
