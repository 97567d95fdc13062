// An instance as far as a proxy can tell: answers each gRPC-shaped request with a short reply. It is not what is measured.
//
// usage: benchmark-backend <port>

import LeverTransport
import NIOCore
import NIOPosix

/// Answers once the request has ended; one for the whole connection, since it keeps nothing of a stream.
final class Answerer: HTTP2ConnectionDelegate, HTTP2StreamDelegate {
    static let head = HTTP2EncodedHead([(":status", "200"), ("content-type", "application/grpc")])
    static let trailers = HTTP2EncodedHead([("grpc-status", "0")])
    // RPCReply with the result "hello name".
    static let reply = ByteBuffer(bytes: [0, 0, 0, 0, 0x0E, 0x0A, 0x0C, 0x0A, 0x0A] + Array("hello name".utf8))

    func connection(
        _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
    ) -> (any HTTP2StreamDelegate)? {
        if endStream { answer(stream) }
        return self
    }

    private func answer(_ stream: HTTP2Stream) {
        stream.send(head: Self.head)
        stream.send(data: Self.reply)
        stream.send(trailers: Self.trailers)
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

let port = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 0 : 0
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let server = try await ServerBootstrap(group: group)
    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    .serverChannelOption(.backlog, value: 1_024)
    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    .childChannelOption(.maxMessagesPerRead, value: 1)
    .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(HTTP2Connection(role: .server, delegate: Answerer()))
        }
    }
    .bind(host: "127.0.0.1", port: port).get()
print("listening on \(server.localAddress!)")
try await server.closeFuture.get()
