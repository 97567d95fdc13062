import NIOCore

/// Takes what still comes of a request that was answered already, for a limited time.
///
/// Unchecked: confined to the connection's event loop, on which its timer runs, too.
final class LateRequest: HTTP2StreamDelegate, @unchecked Sendable {
    private var timer: Scheduled<Void>?

    init(_ stream: HTTP2Stream, _ timeout: Duration) {
        let bound = NIOLoopBound(stream, eventLoop: stream.connection.eventLoop)
        timer = stream.connection.eventLoop.scheduleTask(in: TimeAmount(timeout)) { bound.value.reset(.noError) }
    }

    func streamOpened(_ stream: HTTP2Stream) {}

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        stream.giveCredit(flowControlledLength)
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {}

    func stream(_ stream: HTTP2Stream, sent count: Int) {}

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        timer?.cancel()
    }
}
