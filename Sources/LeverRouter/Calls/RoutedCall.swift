import LeverCore
import LeverTransport
import NIOCore

/// A call on its way: finds where it goes, waits where that is nowhere yet, is counted, enters the gates and leaves them.
/// What is sent and to whom is the subclasses' affair: ``SplicedCall`` passes streams through, ``TransportCall`` starts here.
///
/// `searching ⇄ waiting → inside → …`; an attempt that was certainly not begun leads back to the search. Confined to its
/// event loop, as is all that it calls.
class RoutedCall: DeadlineEntry {
    final let router: LoopRouter

    // In the list of its instance's calls, see InstanceLink. Unowned is safe: the list holds whoever is in it.
    @exclusivity(unchecked) final var nextCall: RoutedCall?
    @exclusivity(unchecked) final unowned(unsafe) var previousCall: RoutedCall?

    /// The instance that it is inside of; its gate has been entered.
    @exclusivity(unchecked) final private(set) var link: InstanceLink?
    /// The activation that it is inside of; its gate has been entered.
    @exclusivity(unchecked) final private(set) var activation: ActivationRoute?
    /// `lever-call-id`; set for calls that name a resource, from when they enter at the latest.
    @exclusivity(unchecked) final var callID: String?
    @exclusivity(unchecked) final var isChannel = false

    @exclusivity(unchecked) private final var begun = NIODeadline.distantPast
    @exclusivity(unchecked) private final var counted: LoopService?

    /// Instances that did not take the call since it last waited.
    @exclusivity(unchecked) private final var tried: [InstanceID] = []
    @exclusivity(unchecked) private final var refusals = 0
    @exclusivity(unchecked) private final var pauses = 0
    @exclusivity(unchecked) private final var waiter: WaitingRoom.Waiter?
    @exclusivity(unchecked) private final var pause: Pause?

    init(router: LoopRouter) {
        self.router = router
        super.init()
    }

    // MARK: What subclasses say

    /// Where the call goes, by the snapshot of this moment.
    func lookUp() throws(RPCError) -> CallDestination {
        preconditionFailure("a subclass says where its calls go")
    }

    /// The call is inside the instance and is to be sent there.
    func found(_ link: InstanceLink, _ service: ServiceRoute) {}

    /// The call's service is in this process.
    func found(_ handler: any RPCHandler, of service: ServiceID) {}

    /// The call begins to wait.
    func willWait() {}

    /// The call is over; it neither waits nor is it sent anywhere.
    func fail(_ error: RPCError) {}

    /// The call is inside an instance and is to end with this error, at the instance, too.
    func end(with error: RPCError) {}

    /// Runs what does not come from the call's own streams.
    func handle(_ event: () -> Void) { event() }

    // MARK: The whole call

    /// The call begins: it is counted from now on, once its service is known.
    final func begin(at now: NIODeadline) {
        begun = now
        router.retries.callBegan()
    }

    /// The call has ended; does nothing the second time.
    final func countOut(at now: NIODeadline) {
        guard let counted else { return }
        counted.load.ended(isChannel: isChannel, begun: begun, at: now)
        self.counted = nil
    }

    final var isCounted: Bool { counted != nil }

    /// Forgets all about the call, so that the object can be used for another.
    final func forgetCall() {
        if !tried.isEmpty { tried = [] }
        callID = nil
        refusals = 0
        pauses = 0
    }

    // MARK: Searching

    /// Looks at the table and goes on from there.
    final func search() {
        let destination: CallDestination
        do throws(RPCError) {
            destination = try lookUp()
        } catch {
            return fail(error)
        }
        let service = destination.service
        if case .inProcess(let handler) = service.route.target { return found(handler, of: service.id) }
        if counted == nil {
            counted = service
            service.load.began(isChannel: isChannel, at: begun)
        }
        if destination.resource != nil {
            searchResource(destination)
        } else if let link = router.pick(service, leavingOut: tried) {
            enter(link, nil, service)
        } else {
            wait(destination, isPause: !tried.isEmpty && !service.route.instances.isEmpty)
        }
    }

    private final func searchResource(_ destination: CallDestination) {
        let service = destination.service
        guard let resource = destination.resource, let placement = service.route.placement else {
            return searchActivation(destination)
        }
        if let link = router.pick(service, resource, placement, leavingOut: tried) {
            enter(link, nil, service)
        } else {
            wait(destination, isPause: !tried.isEmpty && !service.route.instances.isEmpty)
        }
    }

    private final func searchActivation(_ destination: CallDestination) {
        guard let activation = destination.activation, let link = destination.link else { return wait(destination) }
        // It holds the resource, so there is no other to try.
        if tried.contains(link.instance.id) { return wait(destination, isPause: true) }
        if activation.gate.enter() { return enterInstance(link, activation, destination.service) }
        guard let callID else { return wait(destination) }
        if link.holds(callID, in: activation), activation.gate.enterNested() {
            return enterInstance(link, activation, destination.service)
        }
        wait(destination)
        askOtherLoops(callID, link, activation, destination.service)
    }

    /// The gate is closed, but the call may be made on behalf of one inside that came over another loop.
    private final func askOtherLoops(
        _ callID: String, _ link: InstanceLink, _ activation: ActivationRoute, _ service: LoopService
    ) {
        guard let asking = waiter else { return }
        router.askOthers(whoHolds: callID, in: activation) { [self] in
            guard waiter === asking, activation.gate.enterNested() else { return }
            leaveWaitingRoom()
            handle { enterInstance(link, activation, service) }
        }
    }

    private final func enterInstance(_ link: InstanceLink, _ activation: ActivationRoute, _ service: LoopService) {
        link.instance.gate.enterClosed()
        if callID == nil { callID = router.makeCallID() }
        enter(link, activation, service)
    }

    private final func enter(_ link: InstanceLink, _ activation: ActivationRoute?, _ service: LoopService) {
        self.link = link
        self.activation = activation
        link.add(self)
        found(link, service.route)
    }

    /// Leaves the instance, and the activation; does nothing where it is in none.
    final func leaveInstance(at now: NIODeadline) {
        guard let link else { return }
        let activation = activation
        self.link = nil
        self.activation = nil
        link.remove(self)
        // In this order: whoever hears that the activation is empty may look at the instance next.
        link.instance.leave(at: now)
        activation?.gate.leave(at: now)
    }

    /// The call was certainly not begun at an instance, which it has left: goes on at another, waits, or fails with the error.
    /// `isRefusal` says that the instance was reached.
    final func retry(after error: RPCError, isRefusal: Bool, at instance: InstanceID) {
        if isRefusal {
            refusals += 1
            guard refusals < router.configuration.attempts, router.retries.take() else { return fail(error) }
        }
        tried.append(instance)
        search()
    }

    // MARK: Waiting

    /// Waits until the table has changed, or, with `isPause`, at most a little while: an instance that cannot be reached is
    /// often one that has just died, which the host will know in a moment.
    private final func wait(_ destination: CallDestination, isPause: Bool = false) {
        // What was tried may be tried again after that.
        tried.removeAll(keepingCapacity: true)
        willWait()
        do throws(RPCError) {
            waiter = try router.waitingRoom.enter(
                destination.service.id, resource: destination.resource, isNews: !isPause, on: router.eventLoop
            ) { [self] result in
                waiter = nil
                endPause()
                handle {
                    switch result {
                    case .success: search()
                    case .failure(let error): fail(error)
                    }
                }
            }
            if isPause { beginPause() }
        } catch {
            fail(error)
        }
    }

    final func leaveWaitingRoom() {
        guard let waiter else { return }
        router.waitingRoom.leave(waiter)
        self.waiter = nil
        endPause()
    }

    /// The pause of a call that waits; the call itself has its deadline in the wheel.
    private final class Pause: DeadlineEntry {
        unowned let call: RoutedCall

        init(_ call: RoutedCall) {
            self.call = call
            super.init()
        }

        override func deadlinePassed() { call.pauseIsOver() }
    }

    private final func beginPause() {
        let configuration = router.configuration
        let pause = pause ?? Pause(self)
        self.pause = pause
        let length = min(configuration.longestRetryPause, configuration.firstRetryPause * (1 << min(pauses, 20)))
        pauses += 1
        router.deadlines.insert(pause, at: .now() + TimeAmount(length))
    }

    private final func endPause() {
        if let pause { router.deadlines.remove(pause) }
    }

    private final func pauseIsOver() {
        leaveWaitingRoom()
        handle { search() }
    }
}
