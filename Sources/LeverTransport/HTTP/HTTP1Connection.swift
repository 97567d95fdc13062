import LeverCore
import NIOCore
import NIOHTTP1

/// A connection that speaks HTTP/1.1: one exchange after the other, pipelined requests included. Reads from the socket only
/// what a handler takes.
final class HTTP1Connection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    /// Bytes of a body that may wait for the handler before reading stops.
    private static let bufferLimit = 64 * 1024
    /// How long a client may go on sending a request that was answered already.
    private static let lateTimeout = TimeAmount.seconds(2)

    private let handler: any HTTPHandler
    private let peer: Peer
    private let headTimeout: Duration
    let budget: BufferBudget?
    private let refusesOverBudget: Bool
    private(set) var context: ChannelHandlerContext?
    private var current: HTTP1Exchange?
    /// Parts of requests that follow the current one.
    private var queue: CircularBuffer<HTTPServerRequestPart> = []
    private var isReadPending = false
    private var isInputClosed = false
    private var isDraining = false
    /// The response is out, and what still comes is only taken so that the client can read it.
    private var isLingering = false
    private var timer: Scheduled<Void>?

    init(
        _ handler: any HTTPHandler, _ peer: Peer, headTimeout: Duration, budget: BufferBudget?, refusesOverBudget: Bool
    ) {
        self.handler = handler
        self.peer = peer
        self.headTimeout = headTimeout
        self.budget = budget
        self.refusesOverBudget = refusesOverBudget
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        armHeadTimer()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.cancel()
    }

    private func armHeadTimer() {
        arm(TimeAmount(headTimeout))
    }

    private func arm(_ time: TimeAmount) {
        timer?.cancel()
        guard let context else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }

    /// Takes no request after the one that is being answered.
    func drain() {
        isDraining = true
        if current == nil, !isLingering { context?.close(promise: nil) }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard !isLingering else { return }
        if current?.isRequestOpen == true {
            take(part)
        } else if current != nil || !queue.isEmpty {
            queue.append(part)
        } else {
            take(part)
        }
    }

    private func take(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head): begin(head)
        case .body(let data): current?.received(data)
        case .end: current?.requestEnded()
        }
    }

    private func begin(_ head: NIOHTTP1.HTTPRequestHead) {
        guard let context else { return }
        timer?.cancel()
        timer = nil
        if let problem = HTTP1Exchange.problem(of: head) {
            refuse(.badRequest, problem)
            return
        }
        if let budget, refusesOverBudget, budget.isExceeded() {
            refuse(.tooManyRequests, BudgetRefusal.headers, BudgetRefusal.body)
            return
        }
        let exchange = HTTP1Exchange(self, head, peer, eventLoop: context.eventLoop)
        current = exchange
        exchange.start(handler)
    }

    func read(context: ChannelHandlerContext) {
        if isLingering || (queue.isEmpty && (current?.bufferedBytes ?? 0) < Self.bufferLimit) {
            context.read()
        } else {
            isReadPending = true
        }
    }

    func bodyTaken() {
        guard isReadPending, let context else { return }
        isReadPending = false
        read(context: context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        current?.roomChanged()
        context.fireChannelWritabilityChanged()
    }

    // MARK: Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            isInputClosed = true
            if let current { current.inputClosed() } else { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        queue.removeAll()
        let exchange = current
        current = nil
        exchange?.connectionLost()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError || error is NIOHTTPDecoderError else {
            context.close(promise: nil)
            return
        }
        if let current {
            // The requests before the malformed bytes are answered, then the connection ends.
            isDraining = true
            if current.isRequestOpen { current.requestBroke("\(error)") } else { isInputClosed = true }
            return
        }
        switch error as? HTTPParserError {
        case .headerOverflow?: refuse(.requestHeaderFieldsTooLarge, "the head of the request is too large")
        default: refuse(.badRequest, "the request is malformed: \(error)")
        }
    }

    /// Answers what no handler sees, and closes.
    private func refuse(_ status: HTTPResponseStatus, _ message: String) {
        let quoted = String(
            message.unicodeScalars.map {
                $0.isASCII && $0 != "\"" && $0 != "\\" && $0.value >= 0x20 ? Character($0) : "'"
            })
        let body = ByteBuffer(string: "{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"message\":\"\(quoted)\"}}")
        let headers = [
            (name: "content-type", value: "application/json"),
            (name: "content-length", value: String(body.readableBytes)), (name: RPCHeader.error, value: "platform"),
            (name: RPCHeader.errorReason, value: RPCError.Reason.badMessage.token),
        ]
        refuse(status, headers, body)
    }

    private func refuse(
        _ status: HTTPResponseStatus, _ fields: [(name: String, value: String)], _ body: ByteBuffer
    ) {
        guard let context, !isLingering else { return }
        let headers = HTTPHeaders(
            fields.map { ($0.name, $0.value) } + [("connection", "close"), ("date", HTTPDate.now)])
        let head = NIOHTTP1.HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        linger()
    }

    /// The current exchange is over.
    func exchangeEnded(_ exchange: HTTP1Exchange, keepAlive: Bool, requestIsWhole: Bool) {
        guard current === exchange, let context else { return }
        current = nil
        guard keepAlive, requestIsWhole, !isDraining, !isInputClosed || !queue.isEmpty else {
            if requestIsWhole, queue.isEmpty { close() } else { linger() }
            return
        }
        armHeadTimer()
        while let part = queue.first, current?.isRequestOpen ?? true {
            queue.removeFirst()
            take(part)
        }
        if current == nil, isInputClosed { return close() }
        if isReadPending {
            isReadPending = false
            read(context: context)
        }
    }

    private func close() {
        guard let context else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        // Behind all that was written.
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))))
            .assumeIsolated().whenComplete { _ in bound.value.close(promise: nil) }
    }

    /// Ends this side, and takes what the client still sends for a while: closing at once would make the system reset the
    /// connection, and the client might lose the response.
    private func linger() {
        guard let context, !isLingering else { return }
        isLingering = true
        queue.removeAll()
        if isInputClosed { return close() }
        context.close(mode: .output, promise: nil)
        arm(Self.lateTimeout)
        isReadPending = false
        context.read()
    }
}
