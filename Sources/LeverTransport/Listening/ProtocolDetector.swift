import Logging
import NIOCore

/// Looks at the first bytes of a connection, finds out which protocol it speaks, and makes way for it.
final class ProtocolDetector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Detected: Equatable {
        case http2
        case http1
        case tls
    }

    /// The first line of HTTP/2's preface: no HTTP/1.1 request begins so.
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let timeout: Duration
    private let install: (ChannelHandlerContext, Detected) -> Void
    private var bytes = ByteBuffer()
    private var timer: Scheduled<Void>?

    init(timeout: Duration, install: @escaping (ChannelHandlerContext, Detected) -> Void) {
        self.timeout = timeout
        self.install = install
    }

    /// What a connection that begins with these bytes speaks; `nil` where more are needed.
    static func detect(_ bytes: some Collection<UInt8>) -> Detected? {
        guard let first = bytes.first else { return nil }
        // A handshake record of TLS; 0x16 is no letter of a method.
        if first == 0x16 { return .tls }
        if bytes.count < preface.count {
            return preface.starts(with: bytes) ? nil : .http1
        }
        return bytes.starts(with: preface) ? .http2 : .http1
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(timeout)) { bound.value.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = unwrapInboundIn(data)
        if bytes.readableBytes == 0 { bytes = more } else { bytes.writeBuffer(&more) }
        guard timer != nil, let detected = Self.detect(bytes.readableBytesView) else { return }
        timer?.cancel()
        timer = nil
        install(context, detected)
        let begin = bytes
        bytes = ByteBuffer()
        guard detected != .tls else { return }
        context.fireChannelRead(wrapInboundOut(begin))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
