import NIOCore
import NIOHTTP1

/// A request over HTTP/1.1.
///
/// Unchecked: all state is confined to the connection's event loop, which the methods that tasks call go to first.
final class HTTP1Exchange: HTTPExchange, @unchecked Sendable {
    let request: HTTPRequestHead
    let eventLoop: any EventLoop
    private let version: HTTPVersion
    private weak var connection: HTTP1Connection?
    private var port: HTTPBodyPort!
    private var task: Task<Void, Never>?
    private var keepAlive: Bool
    private var expectsContinue: Bool
    private var headSent = false
    private var isStreaming = false
    private var isFinished = false
    /// Bytes of the response that the socket has not taken, and how many bytes the host's budget knows of.
    private var unwritten = 0
    private var settled = 0
    private let budget: BufferBudget?

    /// Why a request cannot be served; `nil` where it can.
    static func problem(of head: NIOHTTP1.HTTPRequestHead) -> String? {
        let hosts = head.headers[canonicalForm: "host"].count
        if head.version.minor >= 1, hosts != 1 {
            return hosts == 0 ? "the request has no field \"host\"" : "the request has \(hosts) fields \"host\""
        }
        guard head.version.major == 1 else { return "the version HTTP/\(head.version.major) is not served here" }
        if head.method == .CONNECT { return "CONNECT is not served here" }
        return nil
    }

    init(_ connection: HTTP1Connection, _ head: NIOHTTP1.HTTPRequestHead, _ peer: Peer, eventLoop: any EventLoop) {
        self.connection = connection
        self.eventLoop = eventLoop
        budget = connection.budget
        version = head.version
        keepAlive = head.isKeepAlive
        let (authority, target) = Self.split(head.uri)
        request = HTTPRequestHead(
            method: head.method.rawValue, target: target, authority: authority ?? head.headers.first(name: "host"),
            headers: head.headers.map { ($0.name.lowercased(), $0.value) }, isHTTP2: false, peer: peer)
        expectsContinue = version.minor >= 1 && request["expect"]?.lowercased() == "100-continue"
        port = HTTPBodyPort(
            taken: { [weak connection, unowned self] _ in
                settle()
                connection?.bodyTaken()
            },
            hasRoom: { [weak connection] in connection?.context?.channel.isWritable ?? true })
    }

    /// What its handler has not taken is gone with it.
    deinit { budget?.add(-settled) }

    /// The host and the path of a request's target; the host only of a target in absolute form.
    private static func split(_ target: String) -> (authority: String?, target: String) {
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            let path = String(rest[end...])
            return (String(rest[..<end]), path.hasPrefix("/") ? path : "/" + path)
        }
        return (nil, target)
    }

    func start(_ handler: any HTTPHandler) {
        task = Task(executorPreference: EventLoopTaskExecutor.of(eventLoop)) {
            await handler.handle(self)
            self.eventLoop.onLoop { self.handlerReturned() }
        }
    }

    private func handlerReturned() {
        task = nil
        if !isFinished { abortOnLoop() }
    }

    // MARK: The connection's events

    var isRequestOpen: Bool { !isRequestEnded }
    private var isRequestEnded = false
    var bufferedBytes: Int { port.bufferedBytes }

    func received(_ data: ByteBuffer) {
        port.received(data, credit: data.readableBytes)
        settle()
        endIfOverBudget()
    }

    /// Tells the host's budget what waits here, in either direction.
    private func settle() {
        guard let budget else { return }
        let held = port.bufferedBytes + unwritten
        guard held != settled else { return }
        budget.add(held - settled)
        settled = held
    }

    private func endIfOverBudget() {
        guard settled > 0, let budget, budget.isExceeded(byStreamHolding: settled) else { return }
        abortOnLoop()
    }

    func requestEnded() {
        isRequestEnded = true
        port.inputEnded()
    }

    func requestBroke(_ reason: String) {
        keepAlive = false
        isRequestEnded = true
        port.inputEnded(.malformedBody(reason))
    }

    func roomChanged() {
        port.roomChanged()
    }

    /// The client has closed its side: no more requests come. A response that streams has lost its reader, as far as can be
    /// told; one that is not yet begun may still be waited for.
    func inputClosed() {
        keepAlive = false
        guard isRequestEnded, !isStreaming else {
            connection?.context?.close(promise: nil)
            return
        }
    }

    func connectionLost() {
        port.inputEnded(.peerGone)
        port.outputEnded(.peerGone)
        isFinished = true
        task?.cancel()
    }

    // MARK: The handler's side

    func nextChunk() async throws -> ByteBuffer? {
        try await eventLoop.suspend { task in
            if self.expectsContinue, !self.headSent, self.port.inputEnd == nil, self.port.bufferedBytes == 0 {
                self.expectsContinue = false
                let head = NIOHTTP1.HTTPResponseHead(version: self.version, status: .continue)
                self.write(.head(head), flush: true)
            }
            self.port.receive(task)
        } onCancel: {
            self.port.cancelReceive($0)
        }
    }

    func send(_ head: HTTPResponseHead) async throws {
        try await eventLoop.suspend {
            self.port.waitForRoom($0)
        } onCancel: {
            self.port.cancelSend($0)
        }
        eventLoop.onLoop { self.sendOnLoop(head) }
    }

    private func sendOnLoop(_ head: HTTPResponseHead) {
        guard !headSent, !isFinished else { return }
        headSent = true
        var headers = HTTPHeaders()
        var hasLength = head.status == 204 || head.status == 304
        var hasDate = false
        for (name, value) in head.headers {
            if name == "content-length" { hasLength = true }
            if name == "date" { hasDate = true }
            headers.add(name: name, value: value)
        }
        if !hasDate { headers.add(name: "date", value: HTTPDate.now) }
        isStreaming = !hasLength
        // Without chunks the end of the connection is the end of the body.
        if isStreaming, version.minor < 1 { keepAlive = false }
        // What the request has not brought yet is not waited for.
        if !isRequestEnded { keepAlive = false }
        if !keepAlive {
            headers.add(name: "connection", value: "close")
        } else if version.minor < 1 {
            headers.add(name: "connection", value: "keep-alive")
        }
        let status = HTTPResponseStatus(statusCode: head.status)
        write(.head(NIOHTTP1.HTTPResponseHead(version: version, status: status, headers: headers)), flush: isStreaming)
    }

    func send(_ chunk: ByteBuffer) async throws {
        try await eventLoop.suspend {
            self.port.waitForRoom($0)
        } onCancel: {
            self.port.cancelSend($0)
        }
        eventLoop.onLoop {
            guard !self.isFinished, chunk.readableBytes > 0 else { return }
            self.writeBody(chunk)
        }
    }

    private func writeBody(_ chunk: ByteBuffer) {
        guard let connection, let context = connection.context, budget != nil else {
            return write(.body(.byteBuffer(chunk)), flush: isStreaming)
        }
        let count = chunk.readableBytes
        unwritten += count
        settle()
        context.write(connection.wrapOutboundOut(.body(.byteBuffer(chunk)))).assumeIsolated().whenComplete { [self] _ in
            unwritten -= count
            settle()
        }
        if isStreaming { context.flush() }
        endIfOverBudget()
    }

    func finish() async throws {
        eventLoop.onLoop { self.finishOnLoop() }
    }

    private func finishOnLoop() {
        guard !isFinished else { return }
        isFinished = true
        port.outputEnded(.ended)
        write(.end(nil), flush: true)
        port.inputEnded(.ended)
        port.discardInput()
        connection?.exchangeEnded(self, keepAlive: keepAlive, requestIsWhole: isRequestEnded)
    }

    func abort() {
        eventLoop.onLoop { self.abortOnLoop() }
    }

    private func abortOnLoop() {
        guard !isFinished else { return }
        isFinished = true
        port.outputEnded(.ended)
        port.inputEnded(.ended)
        connection?.context?.close(promise: nil)
    }

    private func write(_ part: HTTPServerResponsePart, flush: Bool) {
        guard let connection, let context = connection.context else { return }
        context.write(connection.wrapOutboundOut(part), promise: nil)
        if flush { context.flush() }
    }
}
