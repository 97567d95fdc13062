import LeverCore
import LeverTransport
import NIOCore

/// The half of a spliced call that looks at the instance's stream.
final class InstanceSide: HTTP2StreamDelegate {
    /// The two refer to each other until the call's object is not used again.
    @exclusivity(unchecked) var call: SplicedCall!

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

// The instance's side.
extension SplicedCall {
    fileprivate func opened(_ stream: HTTP2Stream) {
        upstream = stream
        wasOpened = true
        guard case .opening = state else {
            stream.reset(.cancel)
            return
        }
        state = .joined
        countKept()
        guard !kept.isEmpty else {
            // The end may have come, without data, while the stream was waited for.
            if requestEnded { stream.send(data: ByteBuffer(), endStream: true) }
            return
        }
        let ends = requestEnded
        kept.forEach { part, isLast in stream.send(data: part, endStream: ends && isLast) }
    }

    fileprivate func receivedHead(_ head: HTTP2Head, endStream: Bool) {
        enterEvent()
        defer { leaveEvent() }
        guard !head.isInformational, let client, let instance = link?.instance else { return }
        beginResponse()
        client.send(
            head: ResponseHead.of(head, endsCall: endStream, version: instance.version), endStream: endStream)
        if endStream { answered() }
    }

    fileprivate func receivedData(_ data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        enterEvent()
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
        enterEvent()
        defer { leaveEvent() }
        guard let client, let instance = link?.instance else { return }
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
        enterEvent()
        defer { leaveEvent() }
        upstream = nil
        let instance = link?.instance
        let now = NIODeadline.now()
        leaveInstance(at: now)
        switch state {
        case .opening, .joined: callBroke(end, at: instance)
        case .ending: countOut(at: now)
        case .searching, .asking, .unused: break
        }
    }

    /// The instance's stream has ended before the call had its answer.
    private func callBroke(_ end: HTTP2StreamEnd, at instance: InstanceRoute?) {
        let name = instance.map { "instance \($0.id) of \($0.service)" } ?? "the instance"
        switch end {
        case .notBegun(let why):
            let error = RPCError(.startFailed, "\(name) could not be reached: \(why)")
            guard deadline > .now() else { return fail(tooLate) }
            guard let instance, keepsRequest, !responseBegun else { return fail(error) }
            state = .searching
            retry(after: error, isRefusal: wasOpened, at: instance.id)
        case .resetByPeer(let code):
            if !responseBegun, code == .noError {
                fail(RPCError(.instanceDied, "\(name) ended the call without an answer"))
            } else {
                router.deadlines.remove(self)
                state = .ending
                client?.reset(code)
            }
        case .connectionLost(let why):
            fail("\(name) died during the call", of: instance, otherwise: why)
        case .resetLocally(.enhanceYourCalm, BufferBudget.resetText):
            fail(RPCError(.limitReached, BufferBudget.resetText))
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
        countKept()
    }
}
