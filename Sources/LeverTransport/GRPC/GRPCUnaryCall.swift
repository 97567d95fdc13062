import LeverCore
import NIOCore

/// A unary call that starts here.
///
/// Unchecked: all state is confined to the connection's event loop.
final class GRPCUnaryCall: HTTP2StreamDelegate, EndableCall, @unchecked Sendable {
    struct Answer: Sendable {
        let message: ByteBuffer
        let metadata: [(name: String, value: String)]
    }

    private let context: CallContext
    private let message: ByteBuffer
    private var splitter: GRPCMessageSplitter
    private var task: WaitingTask<Answer>?
    private var stream: HTTP2Stream?
    private var answer: ByteBuffer?
    private var timer: Scheduled<Void>?
    private var isOver = false
    private var endpoint: HTTP2Endpoint?
    private let observer: (any RPCCallObserver)?

    init(
        _ context: CallContext, _ message: ByteBuffer, maximumLength: Int, observer: (any RPCCallObserver)? = nil
    ) {
        self.observer = observer
        self.context = context
        self.message = message
        splitter = GRPCMessageSplitter(maximumLength: maximumLength)
    }

    func begin(on endpoint: HTTP2Endpoint, _ head: HTTP2EncodedHead, _ task: WaitingTask<Answer>) {
        self.task = task
        self.endpoint = endpoint
        observer?.callBegan(self)
        guard !isOver else { return }
        var limit: NIODeadline?
        if let deadline = context.deadline {
            let left = TimeAmount(max(.zero, deadline - .now))
            limit = .now() + left
            timer = endpoint.eventLoop.scheduleTask(in: left) { [self] in deadlinePassed() }
        }
        endpoint.open(head: head, endStream: false, deadline: limit, delegate: self)
    }

    func cancel(on endpoint: HTTP2Endpoint) {
        finish(.failure(CancellationError()))
    }

    func end(with error: RPCError) {
        finish(.failure(error))
    }

    private func deadlinePassed() {
        finish(.failure(deadlineError))
    }

    private var deadlineError: RPCError {
        RPCError(.deadline, "\"\(context.url)\" was not answered in time", cause: CallUnanswered())
    }

    private func finish(_ result: Result<Answer, any Error>) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        timer = nil
        let task = task
        self.task = nil
        var mayRepeat = false
        if case .failure(let error) = result {
            if let stream { stream.reset(.cancel) } else { _ = endpoint?.abandon(self) }
            mayRepeat = (error as? RPCError)?.cause is CallNotBegun
        }
        endpoint = nil
        observer?.callEnded(mayRepeat: mayRepeat)
        task?.resume(result)
    }

    // MARK: The stream's events

    func streamOpened(_ stream: HTTP2Stream) {
        self.stream = stream
        guard !isOver else { return stream.reset(.cancel) }
        stream.send(data: message, endStream: true)
    }

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {
        guard !head.isInformational else { return }
        if endStream, head.status == 200 { return ended(head) }
        if let error = GRPCResponseHead.error(head) { finish(.failure(error)) }
    }

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        stream.giveCredit(flowControlledLength)
        guard !isOver else { return }
        splitter.append(data)
        do throws(RPCError) {
            while let message = try splitter.next() {
                guard answer == nil else { throw RPCError(.badMessage, "the peer answered with two messages") }
                answer = message
            }
        } catch {
            finish(.failure(error))
        }
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
        ended(trailers)
    }

    private func ended(_ trailers: HTTP2Head) {
        guard let status = GRPCStatus(trailers: trailers) else {
            return finish(.failure(RPCError.of(.complete, context)))
        }
        if let error = status.error { return finish(.failure(error)) }
        guard let answer else {
            return finish(.failure(RPCError(.badMessage, "the peer answered \"\(context.url)\" without a message")))
        }
        finish(.success(Answer(message: answer, metadata: GRPCResponseHead.metadata(trailers))))
        // The peer has answered without waiting for the whole request.
        if stream?.isOpenForSending == true || !isSent { stream?.reset(.cancel) }
    }

    private var sentBytes = 0
    private var isSent: Bool { sentBytes >= message.readableBytes }

    func stream(_ stream: HTTP2Stream, sent count: Int) {
        sentBytes += count
    }

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        let wasOpened = self.stream != nil
        self.stream = nil
        guard !isOver else { return }
        if case .notBegun = end, let deadline = context.deadline, deadline <= .now {
            finish(.failure(deadlineError))
        } else {
            finish(.failure(RPCError.of(end, context, wasOpened: wasOpened)))
        }
    }
}
