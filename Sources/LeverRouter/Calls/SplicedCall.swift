import LeverCore
import LeverTransport
import NIOCore

/// One call on its way through the router: joins the caller's stream to one of an instance, frame by frame. The object is
/// the caller's side; ``InstanceSide`` is the other. Both are used again for later calls.
///
/// `picking ⇄ waiting → opening → joined → ending`; a refused stream leads from `opening` or `joined` back to `picking`
/// as long as no response has begun and the request is still kept whole.
///
/// Confined to the loop; no access to its state spans a call to a stream, so exclusivity is not checked at run time.
final class SplicedCall: DeadlineEntry, HTTP2StreamDelegate {
    private enum State {
        case unused
        case waiting(WaitingRoom.Waiter)
        case opening
        case joined
        /// The caller has its answer, or is gone; what is left comes in and is dropped.
        case ending
    }

    private let router: LoopRouter
    private let instanceSide = InstanceSide()
    @exclusivity(unchecked) private var state = State.unused
    @exclusivity(unchecked) private var client: HTTP2Stream?
    @exclusivity(unchecked) private var route: RequestRoute?
    @exclusivity(unchecked) private var instance: InstanceRoute?
    @exclusivity(unchecked) fileprivate var upstream: HTTP2Stream?
    @exclusivity(unchecked) private var tried: [InstanceID] = []
    /// Attempts that ended before the call was begun.
    @exclusivity(unchecked) private var failedAttempts = 0
    /// Events under way: ends come in the middle of them, and only the outermost finishes the call.
    @exclusivity(unchecked) private var depth = 0

    /// The request so far, from its first byte; dropped when it passes the bound or the response begins.
    @exclusivity(unchecked) private var kept = KeptRequest()
    @exclusivity(unchecked) private var keepsRequest = true
    @exclusivity(unchecked) private var requestEnded = false
    @exclusivity(unchecked) private var responseBegun = false
    /// Request bytes that have gone to the instance in this attempt, and for how many the caller has its credit back.
    @exclusivity(unchecked) private var forwarded = 0
    @exclusivity(unchecked) private var credited = 0

    init(router: LoopRouter) {
        self.router = router
        super.init()
        instanceSide.call = self
    }

    func begin(_ client: HTTP2Stream, _ route: RequestRoute, endStream: Bool) {
        depth += 1
        defer { leaveEvent() }
        self.client = client
        self.route = route
        requestEnded = endStream
        state = .opening
        if let refusal = route.refusal {
            fail(refusal)
            return
        }
        if let timeout = route.timeout {
            router.deadlines.insert(self, at: .now() + TimeAmount(timeout))
        }
        pick()
    }

    // MARK: Finding an instance

    private func pick() {
        guard let route else { return }
        switch route.route(in: router.snapshot) {
        case .failure(let error):
            fail(error)
        case .success(let service):
            switch router.pick(service, leavingOut: tried) {
            case .instance(let instance):
                open(instance, service, route)
            case .wait:
                // What was tried may be tried again once something has changed.
                wait(for: service.id)
            case .inProcess:
                fail(RPCError(.noService, "service \(service.id) has just changed its kind; call again"))
            case .refused(let error):
                fail(error)
            }
        }
    }

    private func wait(for service: ServiceID) {
        tried = []
        do throws(RPCError) {
            state = .waiting(
                try router.waitingRoom.enter(service, on: router.eventLoop) { [self] result in
                    guard case .waiting = state else { return }
                    depth += 1
                    defer { leaveEvent() }
                    state = .opening
                    switch result {
                    case .success: pick()
                    case .failure(let error): fail(error)
                    }
                })
        } catch {
            fail(error)
        }
    }

    private func open(_ instance: InstanceRoute, _ service: ServiceRoute, _ route: RequestRoute) {
        state = .opening
        self.instance = instance
        forwarded = 0
        router.endpoint(for: instance).open(
            head: route.forwardedHead(for: service, router.configuration),
            endStream: requestEnded && kept.isEmpty,
            deadline: deadline == .distantFuture ? nil : deadline, delegate: instanceSide)
    }

    fileprivate func opened(_ stream: HTTP2Stream) {
        upstream = stream
        guard case .opening = state else {
            stream.reset(.cancel)
            return
        }
        state = .joined
        guard !kept.isEmpty else {
            // The end may have come, without data, while the stream was waited for.
            if requestEnded { stream.send(data: ByteBuffer(), endStream: true) }
            return
        }
        let ends = requestEnded
        kept.forEach { part, isLast in stream.send(data: part, endStream: ends && isLast) }
    }

    // MARK: The caller's side

    func streamOpened(_ stream: HTTP2Stream) {}

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        requestEnded = requestEnded || endStream
        let padding = flowControlledLength - data.readableBytes
        if padding > 0 { stream.giveCredit(padding) }
        switch state {
        case .waiting, .opening:
            // Nothing of it goes on yet, so no credit goes back: the stream's window bounds what is held.
            kept.append(data)
        case .joined:
            keep(data)
            upstream?.send(data: data, endStream: endStream)
        case .ending, .unused:
            stream.giveCredit(data.readableBytes)
        }
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
        requestEnded = true
        if case .joined = state { upstream?.send(data: ByteBuffer(), endStream: true) }
    }

    func stream(_ stream: HTTP2Stream, sent count: Int) {
        upstream?.giveCredit(count)
    }

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        depth += 1
        defer { leaveEvent() }
        client = nil
        leaveWaitingRoom()
        if let instance, upstream == nil, router.endpoint(for: instance).abandon(instanceSide) {
            instance.leave(at: .now())
            self.instance = nil
        }
        state = .ending
        // The caller is gone before its answer was whole, or has it all.
        upstream?.reset(end == .complete ? .noError : .cancel)
    }

    private func keep(_ data: ByteBuffer) {
        guard keepsRequest else { return }
        if responseBegun || kept.count + data.readableBytes > router.configuration.retryBytes {
            keepsRequest = false
            kept.removeAll()
        } else {
            kept.append(data)
        }
    }

    // MARK: The instance's side

    fileprivate func receivedHead(_ head: HTTP2Head, endStream: Bool) {
        depth += 1
        defer { leaveEvent() }
        guard !head.isInformational, let client, let instance else { return }
        beginResponse()
        client.send(
            head: ResponseHead.of(head, endsCall: endStream, version: instance.version), endStream: endStream)
        if endStream { answered() }
    }

    fileprivate func receivedData(_ data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        depth += 1
        defer { leaveEvent() }
        guard let client else {
            upstream?.giveCredit(flowControlledLength)
            return
        }
        let padding = flowControlledLength - data.readableBytes
        if padding > 0 { upstream?.giveCredit(padding) }
        client.send(data: data, endStream: endStream)
        if endStream { answered() }
    }

    fileprivate func receivedTrailers(_ trailers: HTTP2Head) {
        depth += 1
        defer { leaveEvent() }
        guard let client, let instance else { return }
        client.send(trailers: ResponseHead.of(trailers, endsCall: true, version: instance.version))
        answered()
    }

    fileprivate func sent(_ count: Int) {
        forwarded += count
        guard forwarded > credited else { return }
        client?.giveCredit(forwarded - credited)
        credited = forwarded
    }

    fileprivate func upstreamEnded(_ end: HTTP2StreamEnd) {
        depth += 1
        defer { leaveEvent() }
        upstream = nil
        if let instance {
            instance.leave(at: .now())
            if case .notBegun = end {
                tried.append(instance.id)
                failedAttempts += 1
            }
        }
        let failed = instance
        instance = nil
        switch state {
        case .opening, .joined:
            callBroke(end, at: failed)
        case .waiting, .ending, .unused:
            break
        }
    }

    /// The instance's stream has ended before the call had its answer.
    private func callBroke(_ end: HTTP2StreamEnd, at instance: InstanceRoute?) {
        let name = instance.map { "instance \($0.id) of \($0.service)" } ?? "the instance"
        switch end {
        case .notBegun(let why):
            if keepsRequest, !responseBegun, failedAttempts < router.configuration.attempts {
                pick()
            } else {
                fail(RPCError(.startFailed, "\(name) could not be reached: \(why)"))
            }
        case .resetByPeer(let code):
            if !responseBegun, code == .noError {
                fail(RPCError(.instanceDied, "\(name) ended the call without an answer"))
            } else {
                router.deadlines.remove(self)
                state = .ending
                client?.reset(code)
            }
        case .connectionLost(let why):
            fail(RPCError(.instanceDied, "\(name) died during the call: \(why)"))
        case .resetLocally(let code, let why):
            fail(RPCError(.instanceDied, "\(name) broke the protocol (\(why ?? "error \(code.rawValue)"))"))
        case .complete:
            fail(RPCError(.instanceDied, "\(name) ended the call without a status"))
        }
    }

    private func beginResponse() {
        guard !responseBegun else { return }
        responseBegun = true
        keepsRequest = false
        kept.removeAll()
    }

    // MARK: The end

    override func deadlinePassed() {
        depth += 1
        defer { leaveEvent() }
        if case .ending = state {
            // The caller's time for late data is over.
            client?.reset(.noError)
            return
        }
        fail(RPCError(.deadline, "the call to \(route?.service.description ?? "") was not answered in time"))
    }

    /// Ends the call for the caller with a status of the platform.
    private func fail(_ error: RPCError) {
        leaveWaitingRoom()
        state = .ending
        upstream?.reset(.cancel)
        if let client, client.isOpenForSending {
            if responseBegun {
                client.send(trailers: GRPCStatus(error).trailers)
            } else {
                client.send(head: GRPCStatus(error).trailersOnly, endStream: true)
            }
        }
        answered()
    }

    /// The caller has its whole answer.
    private func answered() {
        state = .ending
        router.deadlines.remove(self)
        if !requestEnded, client != nil {
            // Nothing of the request matters any more to the instance; the caller may still be sending.
            upstream?.reset(.noError)
            router.deadlines.insert(self, at: .now() + TimeAmount(router.configuration.lateDataTimeout))
        }
    }

    private func leaveWaitingRoom() {
        if case .waiting(let waiter) = state {
            router.waitingRoom.leave(waiter)
            state = .ending
        }
    }

    /// Both streams have ended: nothing refers to this object any more, and the next call may use it.
    private func leaveEvent() {
        depth -= 1
        guard depth == 0, client == nil, upstream == nil, instance == nil, case .ending = state else { return }
        router.deadlines.remove(self)
        state = .unused
        route = nil
        tried = []
        failedAttempts = 0
        kept.removeAll()
        keepsRequest = true
        requestEnded = false
        responseBegun = false
        forwarded = 0
        credited = 0
        if !router.recycle(self) { instanceSide.call = nil }
    }
}

/// The half of a spliced call that looks at the instance's stream.
final class InstanceSide: HTTP2StreamDelegate {
    /// The two refer to each other until the call's object is not used again.
    @exclusivity(unchecked) fileprivate var call: SplicedCall!

    func streamOpened(_ stream: HTTP2Stream) { call.opened(stream) }

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {
        call.receivedHead(head, endStream: endStream)
    }

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        call.receivedData(data, flowControlledLength: flowControlledLength, endStream: endStream)
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) { call.receivedTrailers(trailers) }

    func stream(_ stream: HTTP2Stream, sent count: Int) { call.sent(count) }

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) { call.upstreamEnded(end) }
}
