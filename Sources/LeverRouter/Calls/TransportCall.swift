import LeverCore
import LeverTransport
import NIOCore
import Synchronization

/// A call that starts in the host, from its search for an instance until it is over there.
///
/// Unchecked: all state is confined to the router's event loop, which what tasks call goes to first.
final class TransportCall: RoutedCall, RPCCallObserver, @unchecked Sendable {
    /// Where the call is to be made.
    enum Target: Sendable {
        case inProcess(any RPCHandler)
        case instance(Place)
    }

    /// The instance that has been entered, and what the call is to bring there.
    struct Place: Sendable {
        /// How the instance is called.
        enum Way: Sendable {
            case connection(HTTP2RPCTransport)
            case handler(any RPCHandler, HandledCall)
        }

        let instance: InstanceRoute
        let way: Way
        let gateway: String?
        let epoch: Epoch?
        let callID: String?
    }

    private let service: ServiceID
    private let resource: ResourceID?
    private let caller: Caller
    private let limit: ContinuousClock.Instant?
    private var searcher: CheckedContinuation<Target, any Error>?
    private var isCancelled = false
    private var hasBegun = false
    /// The call at the instance, while it is there.
    private var running: (any EndableCall)?
    /// What it is to end with as soon as it begins there.
    private var ending: RPCError?
    private let isOver = Atomic(false)

    init(
        _ context: CallContext, service: ServiceID, caller: Caller, router: LoopRouter
    ) {
        self.service = service
        self.caller = caller
        resource = context.url.resource.isEmpty ? nil : ResourceID(context.url.resource)
        limit = context.deadline
        super.init(router: router)
        callID = resource == nil ? nil : context.callID
        isChannel = context.url.method.isChannel
    }

    // MARK: From tasks

    /// Finds where the call is to be made, waiting where that is nowhere yet; the instance's gate has been entered then. After
    /// an attempt that was certainly not begun, goes on with the search, or throws the error of the attempt.
    func target(after failure: (error: RPCError, instance: InstanceID)? = nil) async throws -> Target {
        let eventLoop = router.eventLoop
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let start: @Sendable () -> Void = { self.beginSearch(continuation, after: failure) }
                if eventLoop.inEventLoop { start() } else { eventLoop.execute(start) }
            }
        } onCancel: {
            eventLoop.execute { self.cancelSearch() }
        }
    }

    /// The call is over, however it ended.
    func finish() {
        guard !isOver.load(ordering: .acquiring) else { return }
        let eventLoop = router.eventLoop
        if eventLoop.inEventLoop { return finishOnLoop() }
        // A handler of this process may outlive the router, and then nobody counts any more.
        if !router.hasEnded { eventLoop.execute { self.finishOnLoop() } }
    }

    // MARK: Searching

    private func beginSearch(
        _ continuation: CheckedContinuation<Target, any Error>, after failure: (error: RPCError, instance: InstanceID)?
    ) {
        guard !isCancelled else { return continuation.resume(throwing: CancellationError()) }
        searcher = continuation
        if let failure {
            let wasReached = (failure.error.cause as? CallNotBegun)?.wasReached ?? false
            leaveInstance(at: .now())
            retry(after: failure.error, isRefusal: wasReached, at: failure.instance)
        } else {
            begin(at: .now())
            search()
        }
    }

    private func cancelSearch() {
        isCancelled = true
        settle(.failure(CancellationError()))
    }

    override func lookUp() throws(RPCError) -> CallDestination {
        try router.destination(service, resource, for: caller)
    }

    override func found(_ handler: any RPCHandler, of service: ServiceID) {
        settle(.success(.inProcess(handler)))
    }

    override func found(_ link: InstanceLink, _ service: ServiceRoute) {
        settle(
            .success(
                .instance(
                    Place(
                        instance: link.instance, way: way(over: link),
                        gateway: link.instance.internalGateway ?? service.internalGateway,
                        epoch: activation?.epoch, callID: callID))))
    }

    private func way(over link: InstanceLink) -> Place.Way {
        running = nil
        if case .inProcess(let handler) = link.instance.place {
            let handled = HandledCall()
            callBegan(handled)
            return .handler(handler, handled)
        }
        guard let endpoint = link.endpoint else { preconditionFailure("an instance elsewhere has an endpoint") }
        return .connection(HTTP2RPCTransport(endpoint: endpoint, observer: self))
    }

    override func willWait() {
        guard deadline == .distantFuture else { return }
        let left = limit.map { $0 - .now } ?? router.configuration.defaultDeadline
        router.deadlines.insert(self, at: .now() + TimeAmount(max(.zero, left)))
    }

    override func deadlinePassed() {
        fail(RPCError(.deadline, "no instance of \(service) was ready in time"))
    }

    override func fail(_ error: RPCError) {
        settle(.failure(error))
    }

    private func settle(_ result: Result<Target, any Error>) {
        guard let searcher else { return }
        self.searcher = nil
        router.deadlines.remove(self)
        leaveWaitingRoom()
        searcher.resume(with: result)
    }

    // MARK: Inside the instance

    func callBegan(_ call: any EndableCall) {
        running = call
        if let ending { call.end(with: ending) }
    }

    func callEnded(mayRepeat: Bool) {
        running = nil
        if mayRepeat { leaveInstance(at: .now()) } else { finishOnLoop() }
    }

    override func end(with error: RPCError) {
        ending = error
        running?.end(with: error)
    }

    private func finishOnLoop() {
        guard !isOver.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let now = NIODeadline.now()
        leaveInstance(at: now)
        countOut(at: now)
    }
}
