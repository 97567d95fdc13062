package import LeverCore
package import NIOCore

/// The caller's end of a channel over a stream.
///
/// Unchecked: all state is confined to the connection's event loop, which the methods that tasks call go to first.
package final class HTTP2ClientChannel: RPCChannel, HTTP2StreamDelegate, GRPCPortUser, EndableCall, @unchecked Sendable
{
    private enum State {
        case opening(WaitingTask<Void>)
        case open
        case closed
    }

    package let eventLoop: any EventLoop
    let port: GRPCMessagePort
    private let context: CallContext
    private let arguments: ByteBuffer
    private let writer: GRPCMessageWriter
    private let endpoint: HTTP2Endpoint
    private var state: State?
    private var stream: HTTP2Stream?
    private var timer: Scheduled<Void>?
    private var isFinished = false
    private var metadata: [(name: String, value: String)] = []
    private var closers: [@Sendable () -> Void] = []
    private var streamHasEnded = false
    private let observer: (any RPCCallObserver)?

    init(
        _ context: CallContext, _ arguments: ByteBuffer, endpoint: HTTP2Endpoint, _ configuration: GRPCConfiguration,
        observer: (any RPCCallObserver)? = nil
    ) {
        self.observer = observer
        self.context = context
        self.arguments = arguments
        self.endpoint = endpoint
        eventLoop = endpoint.eventLoop
        writer = GRPCMessageWriter(maximumLength: configuration.maximumMessageLength)
        port = GRPCMessagePort(configuration)
    }

    func begin(_ head: HTTP2EncodedHead, _ task: WaitingTask<Void>) {
        state = .opening(task)
        observer?.callBegan(self)
        guard case .opening = state else { return ended() }
        var limit: NIODeadline?
        if let deadline = context.deadline {
            let left = TimeAmount(max(.zero, deadline - .now))
            limit = .now() + left
            timer = eventLoop.scheduleTask(in: left) { [self] in
                close(RPCError(.deadline, "the channel \"\(context.url)\" did not end in time"))
            }
        }
        endpoint.open(head: head, endStream: false, deadline: limit, delegate: self)
    }

    func cancelOpening() {
        guard case .opening(let task) = state else { return }
        state = .closed
        task.resume(.failure(CancellationError()))
        close(RPCError(.cancelled, "the channel was cancelled"))
        if stream == nil, endpoint.abandon(self) { ended() }
    }

    /// Ends both directions: whoever uses the channel gets the error, the peer sees a cancelled stream.
    package func end(with error: RPCError) {
        close(error)
        if stream == nil, endpoint.abandon(self) { ended() }
    }

    // MARK: Use

    package func send(_ message: ChannelMessage) async throws {
        try await sendBytes(try writer.frame(.message(message)))
    }

    package func receive() async throws -> ChannelMessage? {
        do {
            return try await receiveMessage()
        } catch let error as RPCError {
            // Whatever made it unreadable, there is nothing more to come.
            eventLoop.onLoop { self.close(error) }
            throw error
        }
    }

    package func finish() async throws {
        eventLoop.onLoop { self.finishOnLoop() }
    }

    private func finishOnLoop() {
        guard !isFinished else { return }
        isFinished = true
        port.outputEnded(RPCError(.conflict, "the channel was finished; nothing more can be sent"))
        stream?.send(data: ByteBuffer(), endStream: true)
    }

    package func cancel() {
        eventLoop.onLoop { self.close(RPCError(.cancelled, "the channel was cancelled")) }
    }

    /// Calls back on the event loop once the stream is over, at once where it is already.
    package func whenClosed(_ body: @escaping @Sendable () -> Void) {
        eventLoop.onLoop { [self] in
            if streamHasEnded { body() } else { closers.append(body) }
        }
    }

    /// The trailers' fields that are no part of gRPC, such as `lever-version`; empty until the method has ended.
    package var replyMetadata: [(name: String, value: String)] {
        get async {
            if eventLoop.inEventLoop { return metadata }
            return await withCheckedContinuation { continuation in
                eventLoop.execute { continuation.resume(returning: self.metadata) }
            }
        }
    }

    /// Ends both directions, by this side's wish.
    private func close(_ error: RPCError) {
        settle(.failure(error))
        isFinished = true
        port.outputEnded(error)
        port.inputEnded(error)
        stream?.reset(.cancel)
    }

    // MARK: The stream's events

    package func streamOpened(_ stream: HTTP2Stream) {
        self.stream = stream
        guard case .opening = state else { return stream.reset(.cancel) }
        port.attach(stream)
        port.write(arguments)
    }

    package func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {
        guard !head.isInformational else { return }
        if endStream, head.status == 200 { return trailersCame(head) }
        if let error = GRPCResponseHead.error(head) { close(error) }
    }

    package func stream(
        _ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool
    ) {
        port.received(data, flowControlledLength: flowControlledLength)
        if case .opening = state { takeAcceptance() }
    }

    /// The service's first message: by it the channel is open.
    private func takeAcceptance() {
        do throws(RPCError) {
            guard case .message(let message) = try port.next() else { return }
            guard message.readableBytes == 0 else {
                throw RPCError(
                    code: .internalError,
                    message: "\"\(context.url)\" did not accept the channel with an empty message",
                    origin: .instance)
            }
            settle(.success(()))
        } catch {
            close(error)
        }
    }

    package func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
        trailersCame(trailers)
    }

    private func trailersCame(_ trailers: HTTP2Head) {
        metadata = GRPCResponseHead.metadata(trailers)
        let error = GRPCStatus(trailers: trailers).map(\.error) ?? RPCError.of(.complete, context)
        // A method that has returned at once, with success, did accept.
        if let error { settle(.failure(error)) } else { settle(.success(())) }
        port.inputEnded(error)
        port.outputEnded(error ?? RPCError(.cancelled, "the method \"\(context.url.method)\" has returned"))
        guard !isFinished else { return }
        isFinished = true
        if port.unsent == 0 {
            stream?.send(data: ByteBuffer(), endStream: true)
        } else {
            stream?.reset(.cancel)
        }
    }

    package func stream(_ stream: HTTP2Stream, sent count: Int) {
        port.sent(count)
    }

    package func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        var error = RPCError.of(end, context, wasOpened: self.stream != nil)
        self.stream = nil
        if case .notBegun = end, let deadline = context.deadline, deadline <= .now {
            error = RPCError(
                .deadline, "the channel \"\(context.url)\" was not opened in time", cause: CallUnanswered())
        }
        let isOpening = if case .opening = state { true } else { false }
        settle(.failure(error))
        port.outputEnded(error)
        port.inputEnded(error)
        ended(mayRepeat: isOpening && error.cause is CallNotBegun)
    }

    private func settle(_ result: Result<Void, any Error>) {
        guard case .opening(let task) = state else { return }
        if case .success = result { state = .open } else { state = .closed }
        task.resume(result)
    }

    private func ended(mayRepeat: Bool = false) {
        guard !streamHasEnded else { return }
        streamHasEnded = true
        timer?.cancel()
        timer = nil
        let waiting = closers
        closers = []
        observer?.callEnded(mayRepeat: mayRepeat)
        for body in waiting { body() }
    }
}

extension HTTP2ClientChannel: ReplyMetadataChannel {}
