package import NIOCore
import NIOHPACK

/// A request over a stream of HTTP/2 that is no gRPC.
///
/// Unchecked: all state is confined to the connection's event loop, which the methods that tasks call go to first.
package final class HTTP2Exchange: HTTPExchange, HTTP2StreamDelegate, @unchecked Sendable {
    private static let continueHead = HTTP2EncodedHead([(":status", "100")])
    /// How long a client may go on sending a request that was answered already.
    private static let lateTimeout = TimeAmount.seconds(2)

    package let request: HTTPRequestHead
    package let eventLoop: any EventLoop
    private let stream: HTTP2Stream
    private var port: HTTPBodyPort!
    private var unsent = 0
    private var task: Task<Void, Never>?
    private var timer: Scheduled<Void>?
    private var expectsContinue: Bool
    private var headSent = false
    private var isFinished = false
    private var isOver = false

    /// Lets a handler answer a request that a peer has begun.
    package static func serve(
        _ stream: HTTP2Stream, head: HTTP2Head, endStream: Bool, handler: any HTTPHandler, peer: Peer
    ) -> (any HTTP2StreamDelegate)? {
        let exchange = HTTP2Exchange(stream, head, peer)
        if endStream { exchange.port.inputEnded() }
        exchange.start(handler)
        return exchange
    }

    private init(_ stream: HTTP2Stream, _ head: HTTP2Head, _ peer: Peer) {
        self.stream = stream
        eventLoop = stream.connection.eventLoop
        var headers: [(name: String, value: String)] = []
        headers.reserveCapacity(head.headers.count)
        for (name, value, _) in head.headers where !name.hasPrefix(":") { headers.append((name, value)) }
        request = HTTPRequestHead(
            method: head.method ?? "", target: head.path ?? "", authority: head.authority, headers: headers,
            isHTTP2: true, peer: peer)
        expectsContinue = request["expect"]?.lowercased() == "100-continue"
        port = HTTPBodyPort(
            taken: { stream.giveCredit($0) }, hasRoom: { [unowned self] in unsent < 64 * 1024 })
    }

    private func start(_ handler: any HTTPHandler) {
        task = Task(executorPreference: EventLoopTaskExecutor.of(eventLoop)) {
            await handler.handle(self)
            self.eventLoop.onLoop { self.handlerReturned() }
        }
    }

    private func handlerReturned() {
        task = nil
        if !isFinished { abortOnLoop() }
    }

    // MARK: The handler's side

    package func nextChunk() async throws -> ByteBuffer? {
        try await eventLoop.suspend { task in
            if self.expectsContinue, !self.headSent, self.port.inputEnd == nil, self.port.bufferedBytes == 0 {
                self.expectsContinue = false
                self.stream.send(head: Self.continueHead)
            }
            self.port.receive(task)
        } onCancel: {
            self.port.cancelReceive($0)
        }
    }

    package func send(_ head: HTTPResponseHead) async throws {
        var headers = [(name: ":status", value: String(head.status))] + head.headers
        if !head.headers.contains(where: { $0.name == "date" }) { headers.append(("date", HTTPDate.now)) }
        let encoded = HTTP2EncodedHead(headers)
        try await eventLoop.suspend {
            self.port.waitForRoom($0)
        } onCancel: {
            self.port.cancelSend($0)
        }
        eventLoop.onLoop {
            guard !self.headSent, !self.isOver else { return }
            self.headSent = true
            self.stream.send(head: encoded)
        }
    }

    package func send(_ chunk: ByteBuffer) async throws {
        try await eventLoop.suspend {
            self.port.waitForRoom($0)
        } onCancel: {
            self.port.cancelSend($0)
        }
        eventLoop.onLoop {
            guard !self.isFinished else { return }
            self.unsent += chunk.readableBytes
            self.stream.send(data: chunk)
        }
    }

    package func finish() async throws {
        eventLoop.onLoop { self.finishOnLoop() }
    }

    private func finishOnLoop() {
        guard !isFinished else { return }
        isFinished = true
        port.outputEnded(.ended)
        stream.send(data: ByteBuffer(), endStream: true)
        guard !isOver, port.inputEnd == nil else { return }
        port.inputEnded(.ended)
        port.discardInput()
        armLate()
    }

    private func armLate() {
        timer = eventLoop.scheduleTask(in: Self.lateTimeout) { [self] in
            timer = nil
            if unsent > 0 { armLate() } else { stream.reset(.noError) }
        }
    }

    package func abort() {
        eventLoop.onLoop { self.abortOnLoop() }
    }

    private func abortOnLoop() {
        guard !isFinished else { return }
        isFinished = true
        port.outputEnded(.ended)
        stream.reset(.internalError)
    }

    // MARK: The stream's events

    package func streamOpened(_ stream: HTTP2Stream) {}

    package func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}

    package func stream(
        _ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool
    ) {
        if !isFinished { port.received(data, credit: flowControlledLength) }
        if endStream { port.inputEnded() }
    }

    package func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
        port.inputEnded()
    }

    package func stream(_ stream: HTTP2Stream, sent count: Int) {
        unsent -= count
        port.roomChanged()
    }

    package func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        isOver = true
        timer?.cancel()
        timer = nil
        port.inputEnded(.peerGone)
        port.outputEnded(.peerGone)
        if end != .complete || !isFinished { task?.cancel() }
        isFinished = true
    }
}
