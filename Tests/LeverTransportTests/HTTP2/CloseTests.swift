import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LeverTransport

@Suite("The end of a connection")
struct CloseTests {
    /// Answers each request with so many bytes and drains at once.
    final class Draining: HTTP2ConnectionDelegate, HTTP2StreamDelegate {
        static let size = 3_000_000

        func connection(
            _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
        ) -> (any HTTP2StreamDelegate)? {
            stream.send(head: HTTP2EncodedHead([(":status", "200")]))
            stream.send(data: ByteBuffer(repeating: 1, count: Self.size))
            stream.send(trailers: HTTP2EncodedHead([("grpc-status", "0")]))
            connection.drain()
            return self
        }

        func streamOpened(_ stream: HTTP2Stream) {}
        func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}
        func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {}
        func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {}
        func stream(_ stream: HTTP2Stream, sent count: Int) {}
        func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {}
    }

    final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let bytes = Mutex(ByteBuffer())
        let isClosed = Atomic(false)

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var data = unwrapInboundIn(data)
            bytes.withLock { _ = $0.writeBuffer(&data) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            isClosed.store(true, ordering: .releasing)
        }
    }

    @Test("what was answered reaches a peer that reads late, though the server has drained and has unread bytes")
    func slowPeer() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await ServerBootstrap(group: group)
            .childChannelOption(.socketOption(.so_sndbuf), value: 16_384)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(HTTP2Connection(role: .server, delegate: Draining()))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let collector = Collector()
        let client = try await ClientBootstrap(group: group)
            .channelOption(.autoRead, value: false)
            .channelOption(.socketOption(.so_rcvbuf), value: 16_384)
            .channelInitializer { channel in channel.pipeline.addHandler(collector) }
            .connect(to: server.localAddress!).get()
        let request: [UInt8] =
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + RawPeer.frame(.settings, [0, 4, 0x7F, 0, 0, 0])
            + RawPeer.frame(.settings, flags: .acknowledge, [])
            + RawPeer.frame(.windowUpdate, RawPeer.number(0x7000_0000))
            + RawPeer.frame(.headers, flags: [.endHeaders, .endStream], stream: 1, [0x83, 0x86, 0x84])
            + RawPeer.frame(.ping, flags: .acknowledge, RawPeer.number(0) + RawPeer.number(1))
        try await client.writeAndFlush(ByteBuffer(bytes: request))
        // Bytes that the server will not read, as it is about to close.
        try? await client.writeAndFlush(ByteBuffer(bytes: RawPeer.frame(.ping, [UInt8](repeating: 0, count: 8))))
        try await Task.sleep(for: .milliseconds(200))
        try await client.setOption(.autoRead, value: true)
        client.read()
        for _ in 0..<2_000 where !collector.isClosed.load(ordering: .acquiring) {
            try await Task.sleep(for: .milliseconds(5))
        }
        var bytes = collector.bytes.withLock { $0 }
        var data = 0
        var types: [FrameType] = []
        while let header = FrameHeader(peeking: bytes), bytes.readableBytes >= FrameHeader.size + header.length {
            bytes.moveReaderIndex(forwardBy: FrameHeader.size + header.length)
            if header.type == .data { data += header.length }
            types.append(header.type)
        }
        #expect(data == Draining.size)
        #expect(types.contains(.goAway))
        #expect(types.filter { $0 == .headers }.count == 2)
        try? await client.close()
        try await server.close()
        try await group.shutdownGracefully()
    }
}
