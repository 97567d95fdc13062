import LeverCore

/// An instance as it really is, whatever the host believes of it.
final class SimulatedInstance {
    let id: InstanceID
    unowned let service: SimulatedService
    let version: SimulatedVersion
    let gate: SimulatedGate
    var monitor: LivenessMonitor

    /// Whether its process is there.
    var isAlive = true
    /// Whether the host knows where it listens.
    var hasRoute = false
    /// Calls and channels inside, in the order in which they came.
    var calls: [SimulatedCall] = []
    /// Whether it neither answers nor ends by itself.
    var isMute = false
    /// Whether it uses the processor while it is mute.
    var isBusy = false
    var processorTime = Duration.zero
    var isSaidSilent = false
    var isWatched = false
    /// No report of it comes before this.
    var lastReport: ContinuousClock.Instant

    /// From when on calls in it may be ended; `nil` where they have all the time that they need.
    var callsMayEnd: ContinuousClock.Instant?
    /// From when on channels in it may be ended.
    var channelsMayEnd: ContinuousClock.Instant?
    /// When the move window of its resources ends; `nil` where they need not leave.
    var windowEnd: ContinuousClock.Instant?
    /// Whether it was asked to end.
    var isEnding = false
    var retiredAt: ContinuousClock.Instant?

    init(
        id: InstanceID, service: SimulatedService, version: SimulatedVersion, at now: ContinuousClock.Instant,
        liveness: LivenessMonitor.Configuration
    ) {
        self.id = id
        self.service = service
        self.version = version
        gate = SimulatedGate(at: now)
        monitor = LivenessMonitor(at: now, configuration: liveness)
        lastReport = now
    }

    /// Calls in it get this time from now on, unless they have less.
    func limit(calls: ContinuousClock.Instant, channels: ContinuousClock.Instant) {
        callsMayEnd = callsMayEnd.map { min($0, calls) } ?? calls
        channelsMayEnd = channelsMayEnd.map { min($0, channels) } ?? channels
    }

    func leaves(by end: ContinuousClock.Instant) {
        windowEnd = windowEnd.map { min($0, end) } ?? end
    }
}

/// The route of an activation, with its gate.
final class SimulatedActivation {
    let resource: ResourceID
    let epoch: Epoch
    let instance: SimulatedInstance
    let gate: SimulatedGate
    /// Since when its gate keeps calls out however many are inside.
    var heldBackSince: ContinuousClock.Instant?
    /// When the windows of the moves end that were asked for.
    var moveWindowEnd: ContinuousClock.Instant?
    /// Whether what was inside has been told to end.
    var isEnded = false

    init(_ resource: ResourceID, _ epoch: Epoch, _ instance: SimulatedInstance, at now: ContinuousClock.Instant) {
        self.resource = resource
        self.epoch = epoch
        self.instance = instance
        gate = SimulatedGate(at: now)
    }
}
