import LeverTransport
import NIOCore

/// One place for a call under way: makes the next as soon as the last has ended.
final class UnaryCaller: HTTP2StreamDelegate {
    private let load: UnaryLoad
    private var began = NIODeadline.now()
    private var received = 0
    private var isAnswered = false

    init(_ load: UnaryLoad) {
        self.load = load
    }

    func next() {
        guard let head = load.nextHead() else { return }
        began = .now()
        received = 0
        isAnswered = false
        load.endpoint().open(head: head, endStream: false, deadline: nil, delegate: self)
    }

    func streamOpened(_ stream: HTTP2Stream) {
        stream.send(data: load.body, endStream: true)
    }

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        received += data.readableBytes
        stream.giveCredit(flowControlledLength)
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
        isAnswered = trailers["grpc-status"] == "0" && received >= load.expectedBytes
    }

    func stream(_ stream: HTTP2Stream, sent count: Int) {}

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        load.ended(isAnswered && end == .complete, .now() - began)
        next()
    }
}

/// Unary calls, a number of them at any time. Confined to one event loop.
final class UnaryLoad {
    let body: ByteBuffer
    let expectedBytes: Int
    private let heads: [HTTP2EncodedHead]
    private let endpoints: [HTTP2Endpoint]
    private var turn = 0
    private var left: Int
    private var underWay = 0
    private var result = LoadResult()
    private let done: EventLoopPromise<LoadResult>

    init(
        _ eventLoop: any EventLoop, port: Int, calls: Int, connections: Int, destinations: Int, bytes: Int,
        method: String, done: EventLoopPromise<LoadResult>
    ) {
        left = calls
        self.done = done
        result.latencies.reserveCapacity(calls)
        heads = (0..<destinations).map { Requests.head(method, resource: destinations > 1 ? $0 : nil) }
        body = Requests.call(bytes)
        expectedBytes = method == "Echo" ? body.readableBytes : 5
        endpoints = Requests.endpoints(eventLoop, port: port, connections: connections)
    }

    func endpoint() -> HTTP2Endpoint {
        turn += 1
        return endpoints[turn % endpoints.count]
    }

    func nextHead() -> HTTP2EncodedHead? {
        guard left > 0 else { return nil }
        left -= 1
        underWay += 1
        return heads[left % heads.count]
    }

    func ended(_ succeeded: Bool, _ time: TimeAmount) {
        if !succeeded { result.failures += 1 }
        result.latencies.append(time.nanoseconds)
        underWay -= 1
        if left == 0, underWay == 0 { done.succeed(result) }
    }
}
