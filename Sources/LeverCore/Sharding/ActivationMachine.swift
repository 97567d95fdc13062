/// One activation: which instance holds the resource, and under which epoch.
public struct Activation: Sendable, Hashable {
    /// The instance that holds the resource.
    public let instance: InstanceID
    /// Higher than that of any activation before.
    public let epoch: Epoch

    /// Makes it of its parts.
    public init(instance: InstanceID, epoch: Epoch) {
        self.instance = instance
        self.epoch = epoch
    }
}

/// The life of one resource: `inactive → unplaced → activating → active → leaving → draining → closing → …`, with at most
/// one activation at any moment. A next one starts only after the old instance has answered `CloseResource` or is dead.
///
/// ``ResourceDirectory`` keeps one for each resource and knows what concerns several; the shell talks to the directory
/// alone, whose events and actions have the same names. Answers carry the epoch that they are about, so that one that comes
/// late or twice changes nothing.
public struct ActivationMachine: Sendable, Equatable {
    /// What happened.
    public enum Event: Sendable {
        /// At least one call waits for the resource.
        case callsWaiting
        /// The instance that ``Action/place(_:)`` asked for was chosen, with a fresh epoch.
        case placed(Activation)
        /// No instance can take the resource at present.
        case noInstance
        /// None will: the calls that wait for one fail.
        case startFailed(RPCError)
        /// An instance that an earlier run of the host has left has the resource: it holds it (`isHeld`), or was taking it or giving
        /// it up when that run ended.
        case adopted(Activation, isHeld: Bool)
        /// `NewResource` was answered: it succeeded, or the service has no such hook.
        case opened(Epoch)
        /// `NewResource` failed, and the instance certainly does not hold the resource.
        case openFailed(Epoch, RPCError)
        /// `NewResource` certainly never reached the instance.
        case openNotBegun(Epoch, RPCError)
        /// `NewResource` got no answer, and the instance may hold the resource.
        case openUnanswered(Epoch, how: String)
        /// No call has been in the activation for the idle timeout.
        case idle(Epoch)
        /// The activation's gate is closed and nobody is inside.
        case drained(Epoch)
        /// The gate was to close only if nobody was inside, and stays open.
        case busy(Epoch)
        /// `CloseResource` was answered, whatever the answer said.
        case closeAnswered(Epoch)
        /// `CloseResource` got no answer, though the instance may live.
        case closeUnanswered(Epoch, how: String)
        /// The resource is to leave its instance.
        case depart(Departure)
        /// The instance that holds the resource is dead; the text says how.
        case instanceDied(how: String)
        /// Time has passed; see ``ActivationMachine/deadline``.
        case timer
    }

    /// What is to be done; described at the same cases of ``ResourceDirectory/Action``.
    public enum Action: Sendable, Equatable {
        /// Choose an instance and answer with ``Event/placed(_:)``, ``Event/noInstance`` or ``Event/startFailed(_:)``.
        case place(Place)
        case sendNewResource(Activation)
        case activate(Activation)
        case releaseWaiters
        case failWaiters(RPCError)
        case closeGate(Epoch, GateClosing)
        case endChannels(Epoch, RPCError)
        case endCalls(Epoch, RPCError)
        case sendCloseResource(Activation)
        case forget(Epoch)
        case drainInstanceAndKill(InstanceID, why: String)
        case moved(Activation)
        case moveFailed(RPCError)
    }

    /// Where a resource may be placed.
    public enum Place: Sendable, Hashable {
        /// On any instance.
        case anywhere
        /// On any but this one, while there is another.
        case elsewhere(than: InstanceID)
        /// On any but this one; on none, for now, while there is no other.
        case notOn(InstanceID)
        /// On this one; on any where it takes no resources any more.
        case on(InstanceID)
    }

    /// How and why a resource leaves its instance.
    public struct Departure: Sendable, Hashable {
        /// Where it goes; `nil` when it is given up until the next call.
        public var to: Place?
        /// Until when calls still go to where it is; the first idle instant before that moves it.
        public var windowEnd: ContinuousClock.Instant
        /// Whether somebody asked for just this move and is told how it ended.
        public var isRequested: Bool

        /// Makes it of its parts.
        public init(to: Place?, windowEnd: ContinuousClock.Instant, isRequested: Bool = false) {
            self.to = to
            self.windowEnd = windowEnd
            self.isRequested = isRequested
        }
    }

    /// What the machine is told about its surroundings with each event.
    public struct Context: Sendable {
        /// The service, for messages.
        public let service: ServiceID
        /// The resource.
        public let resource: ResourceID
        /// The bounds.
        public let configuration: ResourceDirectory.Configuration

        /// Makes it of its parts.
        public init(service: ServiceID, resource: ResourceID, configuration: ResourceDirectory.Configuration) {
            self.service = service
            self.resource = resource
            self.configuration = configuration
        }

        /// The resource as messages name it.
        var name: String { "resource \(resource.quoted) of \(service)" }
    }

    /// Where a resource stands.
    public enum Phase: Sendable, Hashable {
        /// Nowhere, and no call waits for it.
        case inactive
        /// Nowhere, and an instance is awaited.
        case unplaced
        /// `NewResource` was sent.
        case activating
        /// The instance holds it and takes its calls.
        case active
        /// The gate was asked to close if nobody is inside.
        case probing
        /// It is to leave at the first idle instant; calls still go to it.
        case leaving
        /// New calls wait, those in progress finish.
        case draining
        /// `CloseResource` was sent.
        case closing
        /// `CloseResource` was not answered; the end of the instance is awaited.
        case stuck
    }

    /// What only those carry that are neither inactive nor simply active; on the heap, so that the many active ones are
    /// small.
    struct Passage: Sendable, Equatable {
        var phase: Phase
        var deadline: ContinuousClock.Instant?
        /// Whether calls wait for the next activation (while activating: for this one).
        var hasWaiters = false
        /// How it leaves; `nil` for an idle one, and before anybody wanted it to.
        var departure: Departure?
        /// Whether somebody waits to be told how the move ended.
        var isRequested = false
        /// Whether the activation under way completes a hand-over from another instance.
        var isHandOver = false
        /// Whether its calls were ended because their time was over.
        var isEnding = false
        /// Why an answer is missing.
        var missingAnswer: String?
    }

    enum State: Sendable, Equatable {
        case inactive
        case unplaced(hasWaiters: Bool, isRequested: Bool)
        case active(Activation)
        indirect case passing(Activation, Passage)
    }

    var state = State.inactive
    /// Activations in a row that never reached their instance.
    var missedOpenings: UInt8 = 0
    static let mostMissedOpenings: UInt8 = 20

    /// Makes the machine of a resource that is nowhere.
    public init() {}

    /// Where the resource stands.
    public var phase: Phase {
        switch state {
        case .inactive: .inactive
        case .unplaced: .unplaced
        case .active: .active
        case .passing(_, let passage): passage.phase
        }
    }

    /// The one activation there is; from before `NewResource` is sent until `CloseResource` has been answered.
    public var activation: Activation? {
        switch state {
        case .inactive, .unplaced: nil
        case .active(let activation), .passing(let activation, _): activation
        }
    }

    /// When ``Event/timer`` is wanted.
    public var deadline: ContinuousClock.Instant? {
        if case .passing(_, let passage) = state { passage.deadline } else { nil }
    }

    /// Whether calls wait for an activation.
    public var hasWaiters: Bool {
        switch state {
        case .inactive, .active: false
        case .unplaced(let hasWaiters, _): hasWaiters
        case .passing(_, let passage): passage.hasWaiters
        }
    }

    /// Whether an activation is under way that hands the resource over from another instance.
    var isHandingOver: Bool {
        if case .passing(_, let passage) = state { passage.phase == .activating && passage.isHandOver } else { false }
    }

    /// Takes an event; the actions are to be carried out in their order.
    public mutating func handle(_ event: Event, at now: ContinuousClock.Instant, in context: Context) -> [Action] {
        switch event {
        case .callsWaiting: callsWaiting(context)
        case .placed(let activation): placed(activation, now, context)
        case .noInstance: noInstance(context)
        case .startFailed(let error): startFailed(error)
        case .adopted(let activation, let isHeld): adopted(activation, isHeld: isHeld, now, context)
        case .opened(let epoch): opened(epoch)
        case .openFailed(let epoch, let error): openFailed(epoch, error, context)
        case .openNotBegun(let epoch, let error): openNotBegun(epoch, error, context)
        case .openUnanswered(let epoch, let how): openUnanswered(epoch, how, now, context)
        case .idle(let epoch): idle(epoch)
        case .drained(let epoch): drained(epoch, now, context)
        case .busy(let epoch): busy(epoch, now, context)
        case .closeAnswered(let epoch): closeAnswered(epoch)
        case .closeUnanswered(let epoch, let how): closeUnanswered(epoch, how, now, context)
        case .depart(let departure): depart(departure, context)
        case .instanceDied(let how): instanceDied(how, context)
        case .timer: timer(now, context)
        }
    }

    /// The passage in a phase, where the epoch is that of the present activation.
    func passage(_ phases: Phase..., epoch: Epoch) -> (Activation, Passage)? {
        guard case .passing(let activation, let passage) = state, activation.epoch == epoch,
            phases.contains(passage.phase)
        else { return nil }
        return (activation, passage)
    }
}
