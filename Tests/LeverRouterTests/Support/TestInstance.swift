import LeverCore
import LeverTransport
import NIOCore
import NIOHPACK
import NIOPosix
import Synchronization

/// An instance whose behaviour a test writes: a real HTTP/2 server on a free port of the loopback interface.
final class TestInstance: Sendable {
    /// What the instance does with a request; called on its event loop.
    enum Behaviour: Sendable {
        /// Answers with the request's bytes once it has ended.
        case echo
        /// Answers each part of the request as it comes, and ends when the request ends.
        case stream
        /// Resets the stream before taking it.
        case refuse
        /// Resets the stream with this code once the request has ended.
        case reset(HTTP2ErrorCode)
        /// Closes the connection once the request has ended.
        case die
        /// Never answers.
        case silent
        /// Answers at once with so many bytes, whatever comes.
        case flood(Int)
        /// Answers with a status at once, without waiting for the request's end.
        case status(Int, String)
    }

    /// One request as the instance saw it.
    struct Seen: Sendable {
        var headers: [String: String]
        var end: HTTP2StreamEnd?
        var received = 0
        var sent = 0
    }

    private let channel: any Channel
    private let shared: Shared

    /// What the instance does with the requests to come.
    func behave(_ behaviour: Behaviour) { shared.behaviour.withLock { $0 = behaviour } }

    final class Shared: Sendable {
        let behaviour: Mutex<Behaviour>
        let seen = Mutex<[Seen]>([])

        init(_ behaviour: Behaviour) {
            self.behaviour = Mutex(behaviour)
        }
    }

    static func start(_ behaviour: Behaviour, on group: any EventLoopGroup) async throws -> TestInstance {
        let shared = Shared(behaviour)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        HTTP2Connection(role: .server, delegate: Acceptor(shared, channel)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return TestInstance(channel: channel, shared: shared)
    }

    private init(channel: any Channel, shared: Shared) {
        self.channel = channel
        self.shared = shared
    }

    var address: TransportAddress { .tcp(host: "127.0.0.1", port: channel.localAddress!.port!) }
    var seen: [Seen] { shared.seen.withLock { $0 } }

    func stop() async throws {
        try await channel.close()
    }

    private final class Acceptor: HTTP2ConnectionDelegate {
        private let shared: Shared
        private let channel: any Channel

        init(_ shared: Shared, _ channel: any Channel) {
            self.shared = shared
            self.channel = channel
        }

        func connection(
            _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
        ) -> (any HTTP2StreamDelegate)? {
            var headers: [String: String] = [:]
            for (name, value, _) in head.headers { headers[name] = value }
            let index = shared.seen.withLock { seen in
                seen.append(Seen(headers: headers))
                return seen.count - 1
            }
            let answerer = Answerer(shared, channel, index: index)
            answerer.begin(stream)
            if endStream { answerer.requestEnded(stream) }
            return answerer
        }
    }

    private final class Answerer: HTTP2StreamDelegate {
        private let shared: Shared
        private let channel: any Channel
        private let index: Int
        private let behaviour: Behaviour
        private var body = ByteBuffer()
        private static let head = HTTP2EncodedHead([(":status", "200"), ("content-type", "application/grpc")])
        private static let trailers = HTTP2EncodedHead([("grpc-status", "0")])

        init(_ shared: Shared, _ channel: any Channel, index: Int) {
            self.shared = shared
            self.channel = channel
            self.index = index
            behaviour = shared.behaviour.withLock { $0 }
        }

        func begin(_ stream: HTTP2Stream) {
            switch behaviour {
            case .refuse: stream.reset(.refusedStream)
            case .stream: stream.send(head: Self.head)
            case .flood(let count):
                stream.send(head: Self.head)
                stream.send(data: ByteBuffer(repeating: 7, count: count))
                stream.send(trailers: Self.trailers)
            case .status(let code, let message):
                stream.send(
                    head: HTTP2EncodedHead([
                        (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "\(code)"),
                        ("grpc-message", message),
                    ]), endStream: true)
            case .echo, .reset, .die, .silent: break
            }
        }

        func requestEnded(_ stream: HTTP2Stream) {
            switch behaviour {
            case .echo:
                stream.send(head: Self.head)
                stream.send(data: body)
                stream.send(trailers: Self.trailers)
            case .stream: stream.send(trailers: Self.trailers)
            case .reset(let code): stream.reset(code)
            // As a killed process: without a word.
            case .die: channel.close(promise: nil)
            case .refuse, .silent, .flood, .status: break
            }
        }

        func streamOpened(_ stream: HTTP2Stream) {}
        func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}
        func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) { requestEnded(stream) }

        func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
            shared.seen.withLock { $0[index].received += data.readableBytes }
            if case .silent = behaviour { return }
            stream.giveCredit(flowControlledLength)
            if case .stream = behaviour { stream.send(data: data) } else { body.writeImmutableBuffer(data) }
            if endStream { requestEnded(stream) }
        }

        func stream(_ stream: HTTP2Stream, sent count: Int) {
            shared.seen.withLock { $0[index].sent += count }
        }

        func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
            shared.seen.withLock { $0[index].end = end }
        }
    }
}
