// An instance as far as a proxy can tell: answers each gRPC-shaped request with a short reply, the method `Echo` and channels
// (methods that end in `Chan`) with what they send. It is not what is measured.
//
// usage: benchmark-backend [<port>]; without it where LEVEROS_LISTEN says, as an instance of a host

import LeverTransport
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

enum Answer {
    static let head = HTTP2EncodedHead([(":status", "200"), ("content-type", "application/grpc")])
    static let trailers = HTTP2EncodedHead([("grpc-status", "0")])
    // RPCReply with the result "hello name".
    static let reply = ByteBuffer(bytes: [0, 0, 0, 0, 0x0E, 0x0A, 0x0C, 0x0A, 0x0A] + Array("hello name".utf8))
}

/// Answers once the request has ended; one for the whole connection, since it keeps nothing of a stream.
final class Answerer: HTTP2ConnectionDelegate, HTTP2StreamDelegate {
    private let echo = Echo()

    func connection(
        _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
    ) -> (any HTTP2StreamDelegate)? {
        if let url = head["lever-url"], url.hasSuffix("/Echo") || url.hasSuffix("Chan") {
            stream.send(head: Answer.head)
            return echo
        }
        if endStream { answer(stream) }
        return self
    }

    private func answer(_ stream: HTTP2Stream) {
        stream.send(head: Answer.head)
        stream.send(data: Answer.reply)
        stream.send(trailers: Answer.trailers)
    }

    func streamOpened(_ stream: HTTP2Stream) {}
    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}
    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) { answer(stream) }
    func stream(_ stream: HTTP2Stream, sent count: Int) {}
    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {}

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        stream.giveCredit(flowControlledLength)
        if endStream { answer(stream) }
    }
}

/// Sends back what comes, and gives credit as it goes.
final class Echo: HTTP2StreamDelegate {
    func streamOpened(_ stream: HTTP2Stream) {}
    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}
    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) { stream.send(trailers: Answer.trailers) }
    func stream(_ stream: HTTP2Stream, sent count: Int) { stream.giveCredit(count) }
    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {}

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        let padding = flowControlledLength - data.readableBytes
        if padding > 0 { stream.giveCredit(padding) }
        stream.send(data: data)
        if endStream { stream.send(trailers: Answer.trailers) }
    }
}

let argument = CommandLine.arguments.dropFirst().first.map { "127.0.0.1:\($0)" }
guard let text = argument ?? getenv("LEVEROS_LISTEN").map({ String(cString: $0) }),
    let address = TransportAddress(text)
else {
    print("usage: benchmark-backend [<port>]")
    exit(2)
}
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let bootstrap = ServerBootstrap(group: group)
    .serverChannelOption(.backlog, value: 1_024)
    .childChannelOption(.maxMessagesPerRead, value: 1)
    .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(HTTP2Connection(role: .server, delegate: Answerer()))
        }
    }
let server =
    switch address {
    case .unix(let path): try await bootstrap.bind(unixDomainSocketPath: path).get()
    case .tcp(let host, let port):
        try await bootstrap
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: host, port: port).get()
    }
print("listening on \(address)")
try await server.closeFuture.get()
