import LeverCore
import LeverTransport
import NIOCore

/// One call on its way through the router: joins the caller's stream to one of an instance, frame by frame. The object is
/// the caller's side; ``InstanceSide`` is the other. Both are used again for later calls.
///
/// `searching → opening → joined → ending`; a refused stream leads from `opening` or `joined` back to `searching`
/// as long as no response has begun and the request is still kept whole. Where the connection to the instance breaks, the way
/// leads over `asking` to `ending`: the caller hears why the instance ended.
///
/// Confined to the loop; no access to its state spans a call to a stream, so exclusivity is not checked at run time.
final class SplicedCall: RoutedCall {
    enum State {
        case unused
        /// On the way to an instance, or waiting for one.
        case searching
        /// Inside an instance, whose stream is waited for.
        case opening
        case joined
        /// The instance is gone; why, is asked. The number tells the question from those of other calls.
        case asking(Int)
        /// The caller has its answer, or is gone; what is left comes in and is dropped.
        case ending
    }

    let instanceSide = InstanceSide()
    @exclusivity(unchecked) var state = State.unused
    @exclusivity(unchecked) var client: HTTP2Stream?
    @exclusivity(unchecked) var route: RequestRoute?
    @exclusivity(unchecked) var upstream: HTTP2Stream?
    /// Whether the instance has been reached in this attempt.
    @exclusivity(unchecked) var wasOpened = false
    @exclusivity(unchecked) private var questions = 0
    /// Events under way: ends come in the middle of them, and only the outermost finishes the call.
    @exclusivity(unchecked) private var depth = 0

    /// The request so far, from its first byte; dropped when it passes the bound or the response begins.
    @exclusivity(unchecked) var kept = KeptRequest()
    @exclusivity(unchecked) var keepsRequest = true
    /// How much of what is kept the host's budget of bytes knows of.
    @exclusivity(unchecked) var countedAsKept = 0
    @exclusivity(unchecked) var requestEnded = false
    @exclusivity(unchecked) var responseBegun = false
    /// Whether the answer had been written wholly when the time for late data began.
    @exclusivity(unchecked) var lateTimeCounts = false
    /// Request bytes that have gone to the instance in this attempt, and for how many the caller has its credit back.
    @exclusivity(unchecked) var forwarded = 0
    @exclusivity(unchecked) var credited = 0

    override init(router: LoopRouter) {
        super.init(router: router)
        instanceSide.call = self
    }

    func begin(_ client: HTTP2Stream, _ route: RequestRoute, endStream: Bool) {
        enterEvent()
        defer { leaveEvent() }
        self.client = client
        self.route = route
        requestEnded = endStream
        isChannel = route.isChannel
        callID = route.callID
        state = .searching
        if let refusal = route.refusal {
            fail(refusal)
            return
        }
        let now = NIODeadline.now()
        begin(at: now)
        if let timeout = route.timeout { router.deadlines.insert(self, at: now + TimeAmount(timeout)) }
        search()
    }

    // MARK: Finding an instance

    override func lookUp() throws(RPCError) -> CallDestination {
        guard let route else { throw RPCError(.defect, "the call has no route") }
        return try route.lookUp(in: router)
    }

    override func willWait() {
        state = .searching
    }

    override func found(_ handler: any RPCHandler, of service: ServiceID) {
        fail(RPCError(.noService, "service \(service) has just changed its kind; call again"))
    }

    override func found(_ link: InstanceLink, _ service: ServiceRoute) {
        guard let route else { return }
        guard let endpoint = link.endpoint else {
            leaveInstance(at: .now())
            return fail(RPCError(.noService, "service \(service.id) has just changed its kind; call again"))
        }
        state = .opening
        wasOpened = false
        forwarded = 0
        endpoint.open(
            head: route.forwardedHead(for: service, link.instance, activation, callID: callID),
            endStream: requestEnded && kept.isEmpty,
            deadline: deadline == .distantFuture ? nil : deadline, delegate: instanceSide)
    }

    // MARK: Events

    override func handle(_ event: () -> Void) {
        enterEvent()
        event()
        leaveEvent()
    }

    func enterEvent() {
        depth += 1
    }

    /// Once both streams have ended, nothing refers to this object any more, and the next call may use it.
    func leaveEvent() {
        depth -= 1
        guard depth == 0, client == nil, upstream == nil, link == nil, case .ending = state else { return }
        router.deadlines.remove(self)
        if isCounted { countOut(at: .now()) }
        forgetCall()
        state = .unused
        route = nil
        kept.removeAll()
        keepsRequest = true
        countedAsKept = 0
        requestEnded = false
        responseBegun = false
        forwarded = 0
        credited = 0
        if !router.recycle(self) { instanceSide.call = nil }
    }

    // MARK: The end

    override func deadlinePassed() {
        enterEvent()
        defer { leaveEvent() }
        guard case .ending = state else { return fail(tooLate) }
        // The caller's time for late data is over, unless it still had to read its answer.
        if lateTimeCounts { client?.reset(.noError) } else { beginLateTime() }
    }

    var tooLate: RPCError {
        RPCError(.deadline, "the call to \(route?.service.description ?? "") was not answered in time")
    }

    override func end(with error: RPCError) {
        enterEvent()
        defer { leaveEvent() }
        if case .ending = state { upstream?.reset(.cancel) } else { fail(error) }
    }

    /// Ends the call for the caller with a status of the platform.
    override func fail(_ error: RPCError) {
        leaveWaitingRoom()
        state = .ending
        abandonInstance(.cancel)
        if let client, client.isOpenForSending {
            if responseBegun {
                client.send(trailers: GRPCStatus(error).trailers)
            } else {
                client.send(head: GRPCStatus(error).trailersOnly, endStream: true)
            }
        }
        answered()
        if isCounted { countOut(at: .now()) }
    }

    /// Fails once it is known why the instance ended; as `text` says where nobody knows.
    func fail(_ text: String, of instance: InstanceRoute?, otherwise reason: String) {
        guard let end = instance?.end else { return fail(RPCError(.instanceDied, "\(text): \(reason)")) }
        questions += 1
        state = .asking(questions)
        let asked = NIOLoopBound((call: self, question: questions), eventLoop: router.eventLoop)
        end.ask(router.eventLoop) { why in
            asked.eventLoop.execute {
                let (call, question) = asked.value
                call.handle {
                    guard case .asking(question) = call.state else { return }
                    call.fail(RPCError(.instanceDied, "\(text): \(why ?? reason)"))
                }
            }
        }
    }

    /// Ends the stream to the instance, or takes it out of the queue where it waits.
    func abandonInstance(_ code: HTTP2ErrorCode) {
        if let upstream {
            upstream.reset(code)
        } else if let endpoint = link?.endpoint, endpoint.abandon(instanceSide) {
            leaveInstance(at: .now())
        }
    }

    /// The caller has its whole answer.
    func answered() {
        state = .ending
        router.deadlines.remove(self)
        guard !requestEnded, client != nil else { return }
        // Nothing of the request matters any more to the instance; the caller may still be sending.
        upstream?.reset(.noError)
        beginLateTime()
    }

    /// The caller may send for a while yet. The time does not count while it still reads what it was sent.
    private func beginLateTime() {
        guard let client else { return }
        lateTimeCounts = client.hasSentAll
        router.deadlines.insert(self, at: .now() + TimeAmount(router.configuration.lateDataTimeout))
    }
}
