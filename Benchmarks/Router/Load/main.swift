// Load for a proxy: unary calls shaped as Lever's clients send them. Prints one line of JSON: calls, seconds, failures, and
// latencies in µs. A load generator of our own, since h2load cannot give each call another `lever-url`.
//
// usage: benchmark-load <port> <calls> <connections> <streams> <destinations> <bytes of the request>

import LeverTransport
import Logging
import NIOCore
import NIOPosix

/// One place for a call under way: makes the next as soon as the last has ended.
final class Caller: HTTP2StreamDelegate {
    private let load: Load
    private var began = NIODeadline.now()
    private var isAnswered = false

    init(_ load: Load) {
        self.load = load
    }

    func next() {
        guard let head = load.nextHead() else { return }
        began = .now()
        isAnswered = false
        load.endpoint(for: self).open(head: head, endStream: false, deadline: nil, delegate: self)
    }

    func streamOpened(_ stream: HTTP2Stream) {
        stream.send(data: load.body, endStream: true)
    }

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        stream.giveCredit(flowControlledLength)
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
        isAnswered = trailers["grpc-status"] == "0"
    }

    func stream(_ stream: HTTP2Stream, sent count: Int) {}

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        load.ended(isAnswered && end == .complete, .now() - began)
        next()
    }
}

/// Confined to one event loop.
final class Load {
    let body: ByteBuffer
    private let heads: [HTTP2EncodedHead]
    private let endpoints: [HTTP2Endpoint]
    private var turn = 0
    private var left: Int
    private var underWay = 0
    private var failures = 0
    private var latencies: [Int64] = []
    private let done: EventLoopPromise<(failures: Int, latencies: [Int64])>

    init(
        _ eventLoop: any EventLoop, port: Int, calls: Int, connections: Int, destinations: Int, bytes: Int,
        done: EventLoopPromise<(failures: Int, latencies: [Int64])>
    ) {
        left = calls
        self.done = done
        latencies.reserveCapacity(calls)
        heads = (0..<destinations).map { index in
            HTTP2EncodedHead([
                (":method", "POST"), (":scheme", "http"), (":path", "/core.LeverRPC/HandleRPC"),
                (":authority", "dev.lever"), ("content-type", "application/grpc"), ("user-agent", "benchmark/1"),
                ("te", "trailers"), ("lever-url", "lever://dev.lever/hello/resource-\(index)/BasicHello"),
            ])
        }
        var body = ByteBuffer()
        let length = max(bytes, 15)
        body.writeInteger(UInt8(0))
        body.writeInteger(UInt32(length - 5))
        body.writeRepeatingByte(0x0A, count: length - 5)
        self.body = body
        endpoints = (0..<connections).map { _ in
            HTTP2Endpoint(
                address: .tcp(host: "127.0.0.1", port: port), eventLoop: eventLoop, logger: Logger(label: "load"))
        }
    }

    func endpoint(for caller: Caller) -> HTTP2Endpoint {
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
        if !succeeded { failures += 1 }
        latencies.append(time.nanoseconds)
        underWay -= 1
        if left == 0, underWay == 0 { done.succeed((failures, latencies)) }
    }
}

let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
guard numbers.count == 6 else {
    print("usage: benchmark-load <port> <calls> <connections> <streams> <destinations> <bytes of the request>")
    exit(2)
}
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let eventLoop = group.next()
let done = eventLoop.makePromise(of: (failures: Int, latencies: [Int64]).self)
let start = NIODeadline.now()
try await eventLoop.submit {
    let load = Load(
        eventLoop, port: numbers[0], calls: numbers[1], connections: numbers[2], destinations: numbers[4],
        bytes: numbers[5], done: done)
    for _ in 0..<(numbers[2] * numbers[3]) { Caller(load).next() }
}.get()
let (failures, latencies) = try await done.futureResult.get()
let seconds = Double((NIODeadline.now() - start).nanoseconds) / 1e9
let sorted = latencies.sorted()
func percentile(_ share: Double) -> Double {
    Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1e3
}
print(
    """
    {"calls": \(latencies.count), "seconds": \(seconds), "failures": \(failures), \
    "p50": \(percentile(0.5)), "p99": \(percentile(0.99))}
    """)
