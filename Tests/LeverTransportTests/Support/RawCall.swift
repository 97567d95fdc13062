import LeverCore
import Logging
import NIOCore
import NIOHPACK
import NIOPosix

@testable import LeverTransport

/// A call that is made by hand: any head, any bytes, and a record of what came back.
final class RawCall: HTTP2StreamDelegate {
    var head: [(String, String)] = []
    var data: [UInt8] = []
    var trailers: [(String, String)] = []
    var end: HTTP2StreamEnd?
    private let onOpen: (HTTP2Stream) -> Void

    init(_ onOpen: @escaping (HTTP2Stream) -> Void) {
        self.onOpen = onOpen
    }

    func streamOpened(_ stream: HTTP2Stream) { onOpen(stream) }

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {
        self.head = head.headers.map { ($0.name, $0.value) }
    }

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        self.data += Array(buffer: data)
        stream.giveCredit(flowControlledLength)
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
        self.trailers = trailers.headers.map { ($0.name, $0.value) }
    }

    func stream(_ stream: HTTP2Stream, sent count: Int) {}

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) { self.end = end }

    /// What had come when the call was over.
    struct Answer: Sendable {
        var head: [String: String]
        var data: [UInt8]
        var trailers: [String: String]
        var end: HTTP2StreamEnd?

        /// `grpc-status`, of trailers or of a head that is trailers at once.
        var status: String? { trailers["grpc-status"] ?? head["grpc-status"] }
        var reason: String? { trailers["lever-error-reason"] ?? head["lever-error-reason"] }
    }

    /// The head that old clients send, with changes; `nil` takes a field out.
    static func fields(_ method: String, _ changes: [String: String?] = [:]) -> [(name: String, value: String)] {
        let isChannel = method.hasSuffix("Chan")
        var fields: [(name: String, value: String)] = [
            (":method", "POST"), (":scheme", "http"),
            (":path", isChannel ? "/core.LeverRPC/HandleStreamingRPC" : "/core.LeverRPC/HandleRPC"),
            (":authority", "dev.lever"), ("content-type", "application/grpc"), ("user-agent", "grpc-go/0.11"),
            ("te", "trailers"), ("lever-url", "lever://dev.lever/probe//\(method)"),
        ]
        for (name, value) in changes {
            fields.removeAll { $0.name == name }
            if let value { fields.append((name, value)) }
        }
        return fields.filter { $0.name.hasPrefix(":") } + fields.filter { !$0.name.hasPrefix(":") }
    }

    /// Makes a call at a server and waits for its end, or for `isDone`.
    static func make(
        at address: TransportAddress, _ fields: [(name: String, value: String)], endStream: Bool = false,
        isDone: @escaping @Sendable (Answer) -> Bool = { _ in false },
        _ onOpen: @escaping @Sendable (HTTP2Stream) -> Void
    ) async throws -> Answer {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let box = EndpointBox(
            HTTP2Endpoint(address: address, eventLoop: eventLoop, logger: Logger(label: "test")))
        let call = try await eventLoop.submit {
            let call = RawCall(onOpen)
            box.endpoint.open(head: HTTP2EncodedHead(fields), endStream: endStream, deadline: nil, delegate: call)
            return NIOLoopBound(call, eventLoop: eventLoop)
        }.get()
        var answer = Answer(head: [:], data: [], trailers: [:], end: nil)
        for _ in 0..<2_000 {
            answer = try await eventLoop.submit {
                let call = call.value
                return Answer(
                    head: Dictionary(call.head, uniquingKeysWith: { $1 }), data: call.data,
                    trailers: Dictionary(call.trailers, uniquingKeysWith: { $1 }), end: call.end)
            }.get()
            if answer.end != nil || isDone(answer) { break }
            try await Task.sleep(for: .milliseconds(5))
        }
        await box.close()
        return answer
    }
}
