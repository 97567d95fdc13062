import LeverCore

/// A call or channel on its way through the host.
final class SimulatedCall {
    enum State {
        case searching
        case waiting
        case inside
        case ended
    }

    let number: Int
    /// `lever-call-id`: that of the call on whose behalf it is made, all the way up.
    let id: Int
    let service: SimulatedService
    let resource: ResourceID?
    let isChannel: Bool
    /// The event loop that it lives on.
    let loop: Int
    let length: Duration
    let parent: SimulatedCall?
    let depth: Int
    let begun: ContinuousClock.Instant

    var state = State.searching
    /// Counts its states, so that what was meant for an earlier one does nothing.
    var attempt = 0
    var instance: SimulatedInstance?
    var activation: SimulatedActivation?
    var waitingSince: ContinuousClock.Instant?
    /// Since when it has no instance.
    var unservedSince: ContinuousClock.Instant
    var tried: [InstanceID] = []
    var pauses = 0
    var refusals = 0
    /// The call that it has made itself and waits for.
    var child: SimulatedCall?
    /// Whether its handler has nothing left to do but to wait for the child.
    var isDue = false
    /// When its client goes away, whatever has become of it until then.
    var leavesAt: ContinuousClock.Instant?

    init(
        number: Int, service: SimulatedService, resource: ResourceID?, isChannel: Bool, loop: Int, length: Duration,
        parent: SimulatedCall?, at now: ContinuousClock.Instant
    ) {
        self.number = number
        id = parent?.id ?? number
        self.service = service
        self.resource = resource
        self.isChannel = isChannel
        self.loop = loop
        self.length = length
        self.parent = parent
        depth = (parent?.depth ?? -1) + 1
        begun = now
        unservedSince = now
    }
}
