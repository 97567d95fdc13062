package import LeverCore
package import NIOCore

/// A call that ends here: joins a stream to a handler.
///
/// `reading → running → ended`: the handler's task begins with the first message, and ends with the call: it is cancelled
/// when the caller is gone or the deadline has passed, and what it gives after that is dropped.
///
/// Unchecked: all state is confined to the connection's event loop, which the methods that tasks call go to first.
package final class GRPCServerCall: HTTP2StreamDelegate, GRPCPortUser, @unchecked Sendable {
    private enum State {
        case reading
        case running(Task<Void, Never>)
        case ended
    }

    let eventLoop: any EventLoop
    let port: GRPCMessagePort
    private let stream: HTTP2Stream
    private let handler: any RPCHandler
    private let context: CallContext
    private let configuration: GRPCConfiguration
    private let isFromHost: Bool
    private var state = State.reading
    private var responseBegun = false
    /// What the handler adds to the trailers.
    private var trailerFields: [(name: String, value: String)] = []
    private var requestIsWhole = false
    /// Whether the stream has ended, both ways.
    private var isOver = false
    private var timer: Scheduled<Void>?

    /// Serves a stream that a peer opened.
    ///
    /// - Parameter origin: who the peer is: `.host` at an instance, `.caller` where calls enter.
    /// - Returns: who uses the stream from now on; `nil` where it was refused with its request whole.
    package static func serve(
        _ stream: HTTP2Stream, head: HTTP2Head, endStream: Bool, handler: any RPCHandler, origin: GRPCCallOrigin,
        configuration: GRPCConfiguration = .defaults
    ) -> (any HTTP2StreamDelegate)? {
        let request = GRPCRequestHead.of(head, origin, configuration)
        guard var context = request.context else {
            if case .host = origin, !endStream, GRPCHealthCall.isAsked(head) { return GRPCHealthCall() }
            if let refusal = request.refusal { stream.send(head: refusal, endStream: true) }
            return endStream ? nil : LateRequest(stream, configuration.lateDataTimeout)
        }
        if let timeout = request.timeout { context.deadline = .now + timeout }
        let call = GRPCServerCall(stream, context, handler, origin, configuration)
        if let timeout = request.timeout { call.arm(timeout) }
        if endStream { call.requestEnded() }
        return call
    }

    private init(
        _ stream: HTTP2Stream, _ context: CallContext, _ handler: any RPCHandler, _ origin: GRPCCallOrigin,
        _ configuration: GRPCConfiguration
    ) {
        self.stream = stream
        self.context = context
        self.handler = handler
        self.configuration = configuration
        if case .host = origin { isFromHost = true } else { isFromHost = false }
        eventLoop = stream.connection.eventLoop
        port = GRPCMessagePort(configuration)
        port.attach(stream)
    }

    private var isChannel: Bool { context.url.method.isChannel }

    // MARK: The caller's events

    package func streamOpened(_ stream: HTTP2Stream) {}

    package func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}

    package func stream(
        _ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool
    ) {
        if case .ended = state {
            stream.giveCredit(flowControlledLength)
        } else {
            port.received(data, flowControlledLength: flowControlledLength)
            begin()
        }
        if endStream { requestEnded() }
    }

    package func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
        requestEnded()
    }

    private func requestEnded() {
        port.inputEnded()
        begin()
    }

    package func stream(_ stream: HTTP2Stream, sent count: Int) {
        port.sent(count)
    }

    package func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        timer?.cancel()
        timer = nil
        isOver = true
        close(RPCError(.cancelled, "the caller of \"\(context.url.method)\" is gone"))
    }

    // MARK: The handler

    /// Starts the handler, where the first message has come.
    private func begin() {
        guard case .reading = state else { return }
        do throws(RPCError) {
            switch try port.next() {
            case .wait: return
            case .end: throw RPCError(.badMessage, "the call has no message with its arguments")
            case .message(let message): start(message)
            }
        } catch {
            finish(error)
        }
    }

    private func start(_ message: ByteBuffer) {
        let executor: (any TaskExecutor)? =
            configuration.handlersRunOnGlobalExecutor ? nil : EventLoopTaskExecutor.of(eventLoop)
        state = .running(
            Task(executorPreference: executor) {
                if self.isChannel { await self.runChannel(message) } else { await self.runUnary(message) }
            })
    }

    private func runUnary(_ message: ByteBuffer) async {
        do {
            let reply = try await handler.call(context, try GRPCMessageWriter.arguments(message))
            let framed = try GRPCMessageWriter(maximumLength: configuration.maximumMessageLength).frame(reply)
            eventLoop.onLoop { self.finish(framed) }
        } catch {
            fail(error)
        }
    }

    private func runChannel(_ message: ByteBuffer) async {
        do {
            guard case .open(let arguments) = try GRPCMessageWriter.streamMessage(message) else {
                throw RPCError(.badMessage, "the first message of a channel carries no arguments")
            }
            let channel = GRPCServerChannel(self, GRPCMessageWriter(maximumLength: configuration.maximumMessageLength))
            try await handler.open(context, arguments, channel)
            eventLoop.onLoop {
                self.accept()
                self.finish(nil)
            }
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: any Error) {
        var status = RPCError.thrown(error, by: context)
        // What an instance's method says without a reason of ours is its own status.
        if isFromHost, status.reason == nil { status.origin = .instance }
        if error is CodecError {
            status = RPCError(.defect, "the reply of \"\(context.url.method)\" cannot be encoded: \(error)")
        }
        eventLoop.onLoop { [status] in self.finish(status) }
    }

    /// Says that the channel is open: the head, and the empty message that callers wait for.
    func accept() {
        guard !responseBegun, case .running = state else { return }
        responseBegun = true
        stream.send(head: GRPCStatus.responseHead)
        port.write(GRPCMessageWriter.accepted)
    }

    // MARK: The end

    private func finish(_ reply: ByteBuffer) {
        guard case .running = state else { return }
        responseBegun = true
        stream.send(head: GRPCStatus.responseHead)
        port.write(reply)
        finish(nil)
    }

    private func finish(_ error: RPCError?) {
        if case .ended = state { return }
        let status = error.map { GRPCStatus($0) } ?? .ok
        close(error ?? RPCError(.cancelled, "the channel has ended"))
        if responseBegun {
            stream.send(trailers: adding(trailerFields, to: status.trailers))
        } else {
            stream.send(head: adding(trailerFields, to: status.trailersOnly), endStream: true)
        }
        // Nothing more of the request matters, but its sender may not know that yet.
        armLate()
    }

    /// Ends the call with an error, whatever its handler does; does nothing where it is over.
    func end(with error: RPCError) {
        finish(error)
    }

    private func adding(_ fields: [(name: String, value: String)], to head: HTTP2EncodedHead) -> HTTP2EncodedHead {
        fields.isEmpty ? head : HTTP2EncodedHead(head.fields + fields)
    }

    /// Adds a field to the trailers with which the call will end.
    func addTrailer(_ name: String, _ value: String) {
        trailerFields.append((name, value))
    }

    /// The call is over for the handler.
    private func close(_ reason: RPCError) {
        if case .running(let task) = state { task.cancel() }
        if case .ended = state { return }
        state = .ended
        requestIsWhole = port.inputEnd != nil
        port.outputEnded(reason)
        port.discardInput(reason)
    }

    private func arm(_ timeout: Duration) {
        timer = eventLoop.scheduleTask(in: TimeAmount(timeout)) { [self] in
            timer = nil
            if case .ended = state {
                // The answer has not been taken in time.
                stream.reset(.cancel)
            } else {
                finish(RPCError(.deadline, "\"\(context.url.method)\" did not answer within \(timeout)"))
            }
        }
    }

    /// Gives the caller time to end its half, then ends it for it.
    private func armLate() {
        guard !requestIsWhole, !isOver else { return }
        timer?.cancel()
        timer = eventLoop.scheduleTask(in: TimeAmount(configuration.lateDataTimeout)) { [self] in
            timer = nil
            if port.unsent > 0 { armLate() } else { stream.reset(.noError) }
        }
    }

    /// Ends both directions at once, by the handler's wish.
    func cancel() {
        if case .ended = state { return }
        close(RPCError(.cancelled, "the channel was cancelled"))
        stream.reset(.cancel)
    }
}
