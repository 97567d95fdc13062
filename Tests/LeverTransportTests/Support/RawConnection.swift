import LeverTesting
import NIOCore
import NIOPosix
import Synchronization

@testable import LeverTransport

/// A socket that sends any bytes and keeps what comes.
final class RawConnection: Sendable {
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let connection: RawConnection.Received

        init(_ connection: RawConnection.Received) { self.connection = connection }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(buffer: unwrapInboundIn(data))
            connection.state.withLock { $0.bytes += bytes }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed? = event as? ChannelEvent {
                connection.state.withLock { $0.isClosed = true }
            }
        }

        func channelInactive(context: ChannelHandlerContext) { connection.state.withLock { $0.isClosed = true } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    final class Received: Sendable {
        let state = Mutex<(bytes: [UInt8], isClosed: Bool)>(([], false))
    }

    private let channel: any Channel
    private let received: Received

    init(to address: TransportAddress, reads: Bool = true) async throws {
        let received = Received()
        self.received = received
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(received))
                }
            }
        switch address {
        case .tcp(let host, let port): channel = try await bootstrap.connect(host: host, port: port).get()
        case .unix(let path): channel = try await bootstrap.connect(unixDomainSocketPath: path).get()
        }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var bytes: [UInt8] { received.state.withLock { $0.bytes } }
    var isClosed: Bool { received.state.withLock { $0.isClosed } }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Ends this side's half.
    func finish() async throws { try await channel.close(mode: .output).get() }

    func startReading() async throws { try await channel.setOption(.autoRead, value: true).get() }

    func close() async { try? await channel.close().get() }

    /// Whether the text came, within 20 seconds.
    func receives(_ part: String) async throws -> Bool { try await eventually { self.text.contains(part) } }

    func isClosedByPeer() async throws -> Bool { try await eventually { self.isClosed } }
}
