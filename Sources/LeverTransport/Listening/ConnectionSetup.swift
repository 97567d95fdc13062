import Logging
import NIOCore
import NIOHTTP1

/// Makes the pipeline of an accepted connection, in two steps: first what finds out the protocol, then the protocol.
struct ConnectionSetup: Sendable {
    private let registry: ConnectionRegistry
    private let acceptor: any ListenerAcceptor
    private let configuration: ListenerConfiguration
    private let logger: Logger

    init(
        _ registry: ConnectionRegistry, _ acceptor: any ListenerAcceptor, _ configuration: ListenerConfiguration,
        _ logger: Logger
    ) {
        self.registry = registry
        self.acceptor = acceptor
        self.configuration = configuration
        self.logger = logger
    }

    func begin(_ channel: any Channel) throws {
        guard registry.count < configuration.maximumConnections else {
            logger.warning("too many connections", metadata: ["lever.limit": "\(configuration.maximumConnections)"])
            throw ChannelError.ioOnClosedChannel
        }
        let close: @Sendable () -> Void = { channel.close(promise: nil) }
        // One that has not even said what it speaks has nothing to finish.
        registry.set(channel, ConnectionRegistry.Entry(eventLoop: channel.eventLoop, drain: close, close: close))
        channel.closeFuture.whenComplete { _ in registry.remove(channel) }
        try channel.pipeline.syncOperations.addHandler(
            ProtocolDetector(timeout: configuration.detectionTimeout) { context, detected in
                do {
                    try install(detected, context)
                } catch {
                    context.close(promise: nil)
                }
            })
    }

    private func install(_ detected: ProtocolDetector.Detected, _ context: ChannelHandlerContext) throws {
        let peer = Peer(
            context.remoteAddress ?? (isUnix(context.localAddress) ? context.localAddress : nil),
            trusted: configuration.trustedPeers)
        switch detected {
        case .http2: try installHTTP2(context, peer)
        case .http1: try installHTTP1(context, peer)
        case .tls:
            logger.debug("a peer speaks TLS to a port without it", metadata: ["lever.peer": "\(peer)"])
            // A fatal alert of TLS, "protocol version" (RFC 8446, section 6.2): clients name it in their error.
            let alert = ByteBuffer(bytes: [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])
            context.writeAndFlush(NIOAny(alert)).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        }
    }

    private func isUnix(_ address: SocketAddress?) -> Bool {
        if case .unixDomainSocket? = address { true } else { false }
    }

    private func installHTTP2(_ context: ChannelHandlerContext, _ peer: Peer) throws {
        let connection = HTTP2Connection(
            role: .server, configuration: configuration.http2,
            delegate: acceptor.http2Delegate(for: peer, on: context.eventLoop))
        try context.pipeline.syncOperations.addHandler(connection)
        let channel = context.channel
        let bound = NIOLoopBound(connection, eventLoop: context.eventLoop)
        registry.set(
            channel,
            ConnectionRegistry.Entry(
                eventLoop: context.eventLoop, drain: { bound.value.drain() },
                close: {
                    bound.value.close(reason: "the server is shutting down")
                    // What was collected goes out at the end of this turn of the loop.
                    channel.eventLoop.execute { channel.eventLoop.execute { channel.close(promise: nil) } }
                }))
    }

    private func installHTTP1(_ context: ChannelHandlerContext, _ peer: Peer) throws {
        guard let handler = acceptor.http1Handler(for: peer) else {
            let body = "This port speaks gRPC over HTTP/2 with prior knowledge, not HTTP/1.1.\n"
            let answer =
                "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\nconnection: close\r\n"
                + "date: \(HTTPDate.now)\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
            context.writeAndFlush(NIOAny(ByteBuffer(string: answer))).assumeIsolated().whenComplete { _ in
                context.close(promise: nil)
            }
            return
        }
        let channel = context.channel
        try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = configuration.maximumHeadLength
        limits.maxHeaderFieldSize = configuration.maximumHeadLength
        limits.maxHeaderFieldCount = configuration.maximumFields
        let connection = HTTP1Connection(
            handler, peer, headTimeout: configuration.requestHeadTimeout, budget: configuration.http2.budget,
            refusesOverBudget: configuration.http2.refusesOverBudget)
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
        try pipeline.addHandler(connection)
        let bound = NIOLoopBound(connection, eventLoop: context.eventLoop)
        registry.set(
            channel,
            ConnectionRegistry.Entry(
                eventLoop: context.eventLoop, drain: { bound.value.drain() },
                close: { channel.close(promise: nil) }))
    }
}
