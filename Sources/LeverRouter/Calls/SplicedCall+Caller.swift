import LeverTransport
import NIOCore

// The caller's side.
extension SplicedCall: HTTP2StreamDelegate {
    func streamOpened(_ stream: HTTP2Stream) {}

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        requestEnded = requestEnded || endStream
        let padding = flowControlledLength - data.readableBytes
        if padding > 0 { stream.giveCredit(padding) }
        switch state {
        case .searching, .opening:
            // Nothing of it goes on yet, so no credit goes back: the stream's window bounds what is held.
            kept.append(data)
        case .joined:
            keep(data)
            upstream?.send(data: data, endStream: endStream)
        case .asking, .ending, .unused:
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
        enterEvent()
        defer { leaveEvent() }
        client = nil
        leaveWaitingRoom()
        state = .ending
        // The caller is gone before its answer was whole, or has it all.
        abandonInstance(end == .complete ? .noError : .cancel)
    }

    private func keep(_ data: ByteBuffer) {
        guard keepsRequest else { return }
        if responseBegun || kept.count + data.readableBytes > router.configuration.retryBytes {
            keepsRequest = false
            kept.removeAll()
        } else {
            kept.append(data)
        }
        countKept()
    }

    /// Counts what is kept, once it has gone on and the caller has its credit back: nobody else counts it then.
    func countKept() {
        guard kept.count != countedAsKept else { return }
        client?.keep(kept.count - countedAsKept)
        countedAsKept = kept.count
    }
}
