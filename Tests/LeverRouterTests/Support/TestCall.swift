import LeverCore
import LeverTransport
import NIOCore
import NIOHPACK
import NIOPosix
import Synchronization

/// One call of a test's client over a real connection. Reads no more than it is told to.
final class TestCall: HTTP2StreamDelegate, Sendable {
    struct State: Sendable {
        var head: [String: String] = [:]
        var data: [UInt8] = []
        var trailers: [String: String] = [:]
        var end: HTTP2StreamEnd?

        /// The status, wherever it came.
        var status: Int? { (trailers["grpc-status"] ?? head["grpc-status"]).flatMap { Int($0) } }
        var reason: String? { trailers["lever-error-reason"] ?? head["lever-error-reason"] }
        var message: String { trailers["grpc-message"] ?? head["grpc-message"] ?? "" }
        var origin: String? { trailers["lever-error"] ?? head["lever-error"] }
        var isAnswered: Bool { status != nil }
    }

    private let eventLoop: any EventLoop
    private let state = Mutex(State())
    private let readsData: Bool
    private let onOpen: @Sendable (HTTP2Stream) -> Void
    private let stream = Mutex<NIOLoopBound<HTTP2Stream>?>(nil)

    private init(_ eventLoop: any EventLoop, readsData: Bool, onOpen: @escaping @Sendable (HTTP2Stream) -> Void) {
        self.eventLoop = eventLoop
        self.readsData = readsData
        self.onOpen = onOpen
    }

    /// Begins a call. `body` is the whole request and ends it; `nil` leaves it open.
    static func begin(
        _ endpoint: NIOLoopBound<HTTP2Endpoint>, on eventLoop: any EventLoop,
        url: String? = "lever://dev.lever/hello//Say", path: String = RPCHeader.unaryPath,
        headers: [(String, String)] = [], body: [UInt8]? = [0, 0, 0, 0, 0], readsData: Bool = true
    ) -> TestCall {
        let call = TestCall(eventLoop, readsData: readsData) { stream in
            if let body { stream.send(data: ByteBuffer(bytes: body), endStream: true) }
        }
        var fields = [
            (name: ":method", value: "POST"), (name: ":scheme", value: "http"), (name: ":path", value: path),
            (name: ":authority", value: "dev.lever"), (name: "content-type", value: "application/grpc"),
            (name: "te", value: "trailers"),
        ]
        if let url { fields.append((name: "lever-url", value: url)) }
        fields += headers.map { (name: $0.0, value: $0.1) }
        let head = HTTP2EncodedHead(fields)
        eventLoop.execute { endpoint.value.open(head: head, endStream: false, deadline: nil, delegate: call) }
        return call
    }

    var current: State { state.withLock { $0 } }

    /// Does something with the stream on its loop, once it is open.
    func withStream(_ body: @escaping @Sendable (HTTP2Stream) -> Void) async {
        _ = await poll { self.stream.withLock { $0 != nil } }
        guard let bound = stream.withLock({ $0 }) else { return }
        try? await eventLoop.submit { body(bound.value) }.get()
    }

    func streamOpened(_ stream: HTTP2Stream) {
        self.stream.withLock { $0 = NIOLoopBound(stream, eventLoop: eventLoop) }
        onOpen(stream)
    }

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {
        state.withLock { state in
            for (name, value, _) in head.headers { state.head[name] = value }
        }
    }

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        if readsData { stream.giveCredit(flowControlledLength) }
        state.withLock { $0.data += Array(buffer: data) }
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
        state.withLock { state in
            for (name, value, _) in trailers.headers { state.trailers[name] = value }
        }
    }

    func stream(_ stream: HTTP2Stream, sent count: Int) {}

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        state.withLock { $0.end = end }
    }

    /// Waits for the answer; what is there after ten seconds comes back in any case.
    func answer() async -> State {
        await poll { self.current.end != nil || self.current.isAnswered }
        return current
    }

    /// Waits for the stream's end.
    func ended() async -> State {
        await poll { self.current.end != nil }
        return current
    }
}

/// Waits until a condition holds, at most ten seconds; whether it does.
@discardableResult
func poll(_ condition: @Sendable () -> Bool) async -> Bool {
    for _ in 0..<2_000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return condition()
}
