/// Decides, for all resources of one service, which instance holds which, and sees to it that no two ever hold the same one.
///
/// A value without clock, tasks and I/O, beside ``ServiceController``, which decides the same for instances. The shell feeds
/// it events one after the other and carries out the actions in their order; each action says below what the shell does.
///
/// What the shell keeps: the routes of the activations in the routing table, each with a *gate* that counts the calls and
/// channels inside; the calls that wait, by resource. What it sends:
///
/// | when | event |
/// |---|---|
/// | a call for a resource finds no route, or a closed gate, and waits | ``Event/callsWaiting(_:)`` |
/// | an answer of the instance, or the lack of one | `opened`, `openFailed`, `openUnanswered`, `closeAnswered`, `closeUnanswered` |
/// | it went over the routes, every few seconds, and one was unused for the idle timeout | ``Event/idle(_:_:)`` |
/// | what came of ``Action/closeGate(_:_:_:)`` | ``Event/drained(_:_:)``, ``Event/busy(_:_:)`` |
/// | the controller's events and actions about instances | `instanceReady`, `instanceDraining`, `instanceUndrained`, `instanceDied`, `versionLive`, `startFailed` |
///
/// An instance that leaves (it drains, or another version is live) hands its resources over, a bounded number at once: while
/// ``Event/instanceDraining(_:window:)``'s window lasts, calls go to where the resource is, and its first idle instant moves
/// it; at the end the gate closes, channels end, and calls get the drain time. So the shell keeps the routes of the
/// resources of such an instance, takes it from ordinary calls only, and holds the controller's `drained` back until
/// ``Action/emptied(_:)``; the controller's own drain time should be longer than window, drain time and `CloseResource`
/// together.
///
/// Crashes and late answers: every answer carries the epoch that it is about, and one about an earlier activation, or one
/// that comes twice, is ignored.
public struct ResourceDirectory: Sendable {
    /// The bounds of a resource's life.
    public struct Configuration: Sendable, Equatable {
        /// How long a resource without calls stays active; for the shell, which watches over it.
        public var resourceIdleTimeout: Duration = .seconds(180)
        /// How long `NewResource` may take.
        public var newResourceTimeout: Duration = .seconds(20)
        /// How long `CloseResource` may take, the end of the instance's last handlers for the resource included.
        public var closeResourceTimeout: Duration = .seconds(20)
        /// How long calls go on to where a resource is, once an upgrade wants it elsewhere and it is never idle.
        public var moveWindow: Duration = .seconds(10)
        /// How long calls in progress may go on after the window.
        public var drainTimeout: Duration = .seconds(30)
        /// How long the host has to learn that an instance is dead, whose answer to `CloseResource` was lost.
        public var lostAnswerGrace: Duration = .seconds(2)
        /// Resources that one instance gives up at once when it leaves or they are idle, and that are activated at once
        /// because of it. Resources that calls wait for come on top.
        public var handOversAtOnce = 32
        /// Resources of the service that may be active at once.
        public var maximumResources = 100_000

        /// The defaults.
        public init() {}
    }

    /// What happened.
    public enum Event: Sendable {
        /// At least one call waits for the resource: it found no route, or could not enter the gate. To be sent after the call
        /// has been put where ``Action/releaseWaiters(_:)`` finds it, unless the same word is still on its way for
        /// another: one is enough for all (and one for each would multiply, since each may release all of them).
        case callsWaiting(ResourceID)
        /// `NewResource` was answered with success, or with the word that there is no such method.
        case opened(ResourceID, Epoch)
        /// `NewResource` was answered with an error (a status or the method's own): the instance does not hold the resource.
        case openFailed(ResourceID, Epoch, RPCError)
        /// `NewResource` certainly never reached the instance (connection refused): another is tried. To be followed by
        /// ``callsWaiting(_:)`` a moment later, since there may be no other.
        case openNotBegun(ResourceID, Epoch, RPCError)
        /// `NewResource` was sent, and the connection ended before an answer.
        case openUnanswered(ResourceID, Epoch, how: String)
        /// No call or channel has been in the activation for ``Configuration/resourceIdleTimeout``. May be sent again at each
        /// look: it is passed over while many resources are being closed.
        case idle(ResourceID, Epoch)
        /// The activation's gate is closed, and nobody is inside.
        case drained(ResourceID, Epoch)
        /// The gate was to close only if nobody was inside; somebody is, and it stays open.
        case busy(ResourceID, Epoch)
        /// `CloseResource` was answered: with success, an error, or the word that there is no such method.
        case closeAnswered(ResourceID, Epoch)
        /// `CloseResource` got no answer: the connection could not be made, or ended first.
        case closeUnanswered(ResourceID, Epoch, how: String)
        /// Somebody wants the resource on an instance, or on any other than its own. Calls go to where it is for as long as
        /// the window lasts and it is never idle. Answered by ``Action/moved(_:_:)`` or ``Action/moveFailed(_:_:)``.
        case move(ResourceID, to: InstanceID?, window: Duration)
        /// An instance takes calls; resources go to it while its version is live.
        case instanceReady(InstanceID, version: Int)
        /// An instance that an earlier run of the host has left, and that is known by ``instanceReady(_:version:)``, has these
        /// resources. To be sent before anything else about them, and of each resource for one instance only
        /// (``AdoptionPlan``).
        case adopted(InstanceID, InstanceHoldings)
        /// An instance is to end: its resources leave it.
        case instanceDraining(InstanceID, window: Duration)
        /// The drain was taken back; resources that have not begun to leave stay.
        case instanceUndrained(InstanceID)
        /// An instance is dead: its process has been waited for. The text says how it ended.
        case instanceDied(InstanceID, how: String)
        /// A version has become live: resources leave the instances of all others. The new version's ready instances have
        /// been announced before.
        case versionLive(Int)
        /// What ``Action/needInstance`` asked for cannot be had now.
        case startFailed(RPCError)
        /// The time asked for by ``Action/wake(at:)`` has come.
        case timer
        /// The term of the epochs to come, raised and synced to disk because ``ResourceDirectory/epochs`` runs out.
        case termRaised(UInt32)
        /// The service is to end: resources are closed and none is activated any more.
        case shutdown
    }

    /// What is to be done.
    public enum Action: Sendable, Equatable {
        /// Have an instance started, unless one is (``ServiceController/Event/callsWaiting``).
        case needInstance
        /// Call `NewResource` on the instance, with ``Configuration/newResourceTimeout`` as its deadline, and report how it
        /// ended.
        case sendNewResource(ResourceID, Activation)
        /// Put the activation's route into the routing table, with an open gate and the epoch for its calls.
        case activate(ResourceID, Activation)
        /// Let the calls that wait for the resource look at the routing table again.
        case releaseWaiters(ResourceID)
        /// Fail the calls that wait for the resource.
        case failWaiters(ResourceID, RPCError)
        /// Close the activation's gate, as ``GateClosing`` says.
        case closeGate(ResourceID, Epoch, GateClosing)
        /// End the channels that are inside the activation with this error; they do not count as failed calls.
        case endChannels(ResourceID, Epoch, RPCError)
        /// End all that is still inside the activation with this error, on the instance's side too.
        case endCalls(ResourceID, Epoch, RPCError)
        /// Call `CloseResource` on the instance, with ``Configuration/closeResourceTimeout`` as its deadline, and report how it
        /// ended. To be sent over a connection that a draining instance still accepts.
        case sendCloseResource(ResourceID, Activation)
        /// Take the activation's route out of the routing table if it is there.
        case forget(ResourceID, Epoch)
        /// The instance does not answer: no new calls, those in progress finish within the drain time, then it is killed. Its
        /// resources move, which the directory sees to.
        case drainInstanceAndKill(InstanceID, why: String)
        /// The leaving instance holds no resource any more: nothing stands in the way of its end.
        case emptied(InstanceID)
        /// The move that was asked for has ended with this activation.
        case moved(ResourceID, Activation)
        /// The move that was asked for came to nothing.
        case moveFailed(ResourceID, RPCError)
        /// Send ``Event/timer`` at this time; replaces an earlier wish.
        case wake(at: ContinuousClock.Instant)
        /// After ``Event/shutdown``: no instance holds a resource any more.
        case stopped
    }

    /// The service whose resources these are.
    public let service: ServiceID
    /// The bounds.
    public let configuration: Configuration
    /// The version whose instances take resources.
    public internal(set) var liveVersion: Int?
    /// Makes the epochs; to be handed to the next directory of the same service in this run of the host.
    public internal(set) var epochs: EpochGenerator

    typealias Load = (InstanceID) -> Int

    let placement: any ResourcePlacement
    var table = ActivationTable()
    /// In the order in which they became ready.
    var instances: [Instance] = []
    var indexes: [InstanceID: Int] = [:]
    /// Resources that wait for an instance.
    var unplaced = ActivationTable.List()
    /// Activations under way that hand a resource over.
    var handingOver = 0
    var isShuttingDown = false
    private var hasStopped = false
    private var deadlines = DeadlineQueue()
    /// Machines that have a deadline.
    private var timed = 0
    private var wish: ContinuousClock.Instant?

    /// Makes the directory of a service of which nothing runs.
    public init(
        service: ServiceID, liveVersion: Int?, epochs: EpochGenerator,
        placement: any ResourcePlacement = LeastLoadedPlacement(), configuration: Configuration = .init()
    ) {
        self.service = service
        self.liveVersion = liveVersion
        self.epochs = epochs
        self.placement = placement
        self.configuration = configuration
    }

    /// Takes an event; the actions are to be carried out in their order.
    ///
    /// `load` gives the calls in progress of an instance, for ``ResourcePlacement``.
    public mutating func handle(
        _ event: Event, at now: ContinuousClock.Instant, load: (InstanceID) -> Int = { _ in 0 }
    ) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .callsWaiting(let resource): callsWaiting(resource, now, load, &actions)
        case .opened(let resource, let epoch): apply(.opened(epoch), resource, now, load, &actions)
        case .openFailed(let resource, let epoch, let error):
            apply(.openFailed(epoch, error), resource, now, load, &actions)
        case .openNotBegun(let resource, let epoch, let error):
            apply(.openNotBegun(epoch, error), resource, now, load, &actions)
        case .openUnanswered(let resource, let epoch, let how):
            apply(.openUnanswered(epoch, how: how), resource, now, load, &actions)
        case .idle(let resource, let epoch): idle(resource, epoch, now, load, &actions)
        case .drained(let resource, let epoch): apply(.drained(epoch), resource, now, load, &actions)
        case .busy(let resource, let epoch): apply(.busy(epoch), resource, now, load, &actions)
        case .closeAnswered(let resource, let epoch): apply(.closeAnswered(epoch), resource, now, load, &actions)
        case .closeUnanswered(let resource, let epoch, let how):
            apply(.closeUnanswered(epoch, how: how), resource, now, load, &actions)
        case .move(let resource, let instance, let window):
            move(resource, to: instance, window: window, now, load, &actions)
        case .instanceReady(let id, let version): instanceReady(id, version: version, now, load, &actions)
        case .adopted(let id, let holdings): adopted(id, holdings, now, load, &actions)
        case .instanceDraining(let id, let window): leave(id, windowEnd: now + window)
        case .instanceUndrained(let id): instanceUndrained(id, now, load, &actions)
        case .instanceDied(let id, let how): instanceDied(id, how: how, now, load, &actions)
        case .versionLive(let version): versionLive(version, now, load, &actions)
        case .startFailed(let error): startFailed(error, now, load, &actions)
        case .timer: timer(now, load, &actions)
        case .termRaised(let term): epochs.raise(to: term)
        case .shutdown: shutdown(now, load, &actions)
        }
        continueLeaving(now, load, &actions)
        if isShuttingDown, table.count == 0, !hasStopped {
            hasStopped = true
            actions.append(.stopped)
        }
        wishForTimer(&actions)
        return actions
    }

    // MARK: Time

    private mutating func timer(_ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]) {
        wish = nil
        while let soonest = deadlines.soonest, soonest.deadline <= now {
            deadlines.removeSoonest()
            if counts(soonest) { apply(.timer, to: soonest.slot, now, load, &actions) }
        }
    }

    /// Notes that a machine's deadline has changed.
    mutating func deadlineChanged(
        _ slot: ActivationTable.Slot, from old: ContinuousClock.Instant?, to new: ContinuousClock.Instant?
    ) {
        guard old != new else { return }
        if old != nil { timed -= 1 }
        guard let new else { return }
        timed += 1
        deadlines.insert(DeadlineQueue.Entry(deadline: new, slot: slot))
        if deadlines.entries.count > 2 * timed + 64 { deadlines.compact(counts) }
    }

    private func counts(_ entry: DeadlineQueue.Entry) -> Bool {
        table.isUsed(entry.slot) && table[entry.slot].machine.deadline == entry.deadline
    }

    private mutating func wishForTimer(_ actions: inout [Action]) {
        while let soonest = deadlines.soonest, !counts(soonest) { deadlines.removeSoonest() }
        guard let soonest = deadlines.soonest else { return }
        guard wish.map({ soonest.deadline < $0 }) ?? true else { return }
        wish = soonest.deadline
        actions.append(.wake(at: soonest.deadline))
    }
}
