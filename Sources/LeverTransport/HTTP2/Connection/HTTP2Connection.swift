package import NIOCore

/// One HTTP/2 connection, client's or server's: the frame engine. A channel handler, confined to its event loop.
///
/// It knows frames, streams, windows and header blocks (RFC 9113), and nothing of what they are used for. Frames are read
/// straight from what the socket gave; what is to be sent is collected and flushed once for each turn of the event loop.
/// There are no child channels, no tasks, and on the usual path no allocations for each stream.
///
/// Its state is not checked for exclusive access at run time (that alone took a fifth of the time): it is confined to the
/// loop, and no access to it spans a call to a delegate.
///
/// Life: `starting → open → closing → closed`. Orderly ends go through ``drain()``; errors of the peer, ``close(_:reason:)``
/// and the loss of the socket end all streams at once. Its parts: reading of frames in `+Reading`, header blocks in
/// `+Headers`, data and credit received in `+Data`, the sending side in `+Sending`, SETTINGS, PING and GOAWAY in `+Control`,
/// beginnings and ends of streams in `+Streams`.
package final class HTTP2Connection: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Which end of the connection this is.
    package enum Role: Sendable {
        case client
        case server
    }

    enum Phase {
        /// The peer's SETTINGS have not come yet.
        case starting
        case open
        /// Nothing is read any more; what was collected goes out, then the socket closes.
        case closing
        case closed
    }

    /// What part of a header block has come, while its CONTINUATION frames are awaited.
    struct PartialBlock {
        let stream: UInt32
        let endStream: Bool
        var block: ByteBuffer
        var frames: Int
    }

    /// The rest of a DATA frame that is passed on as it comes.
    struct PartialData {
        let stream: UInt32
        let endStream: Bool
        var missing: Int
    }

    package let role: Role
    let configuration: HTTP2Configuration
    @exclusivity(unchecked) private var delegateUntilClosed: (any HTTP2ConnectionDelegate)?

    @exclusivity(unchecked) private(set) var context: ChannelHandlerContext?
    @exclusivity(unchecked) private var loop: (any EventLoop)?
    @exclusivity(unchecked) private var flushQueue: FlushQueue?
    @exclusivity(unchecked) private var isInFlushQueue = false
    @exclusivity(unchecked) var phase = Phase.starting

    // Reading
    @exclusivity(unchecked) var incoming = ByteBuffer()
    @exclusivity(unchecked) var isPrefaceRead: Bool
    @exclusivity(unchecked) var isReading = false
    @exclusivity(unchecked) var partialBlock: PartialBlock?
    @exclusivity(unchecked) var partialData: PartialData?
    @exclusivity(unchecked) var headerDecoder: HeaderBlockDecoder
    @exclusivity(unchecked) var idleFrames: IdleFrameMeter
    /// Credit that the peer has on the connection, and what was used and not announced again yet.
    @exclusivity(unchecked) var receiveWindow = 65_535
    @exclusivity(unchecked) var unannouncedCredit = 0

    // Sending
    @exclusivity(unchecked) var writer = FrameWriter()
    @exclusivity(unchecked) var headerEncoder = HeaderBlockEncoder()
    @exclusivity(unchecked) var sendWindow = 65_535
    @exclusivity(unchecked) var peer = PeerSettings()
    /// Streams that have something to send and wait for the connection's window or the socket, in turn.
    @exclusivity(unchecked) var readyStreams: CircularBuffer<StreamState> = []
    @exclusivity(unchecked) var sendingDepth = 0
    /// Frames that answer the peer and that the socket has not taken.
    @exclusivity(unchecked) var answersWhileBlocked = 0

    // Streams
    @exclusivity(unchecked) var streams = StreamTable()
    @exclusivity(unchecked) var recentResets = RecentResets()
    /// The highest number that the peer has used (server), and the next that this side uses (client).
    @exclusivity(unchecked) var lastPeerStream: UInt32 = 0
    @exclusivity(unchecked) var nextStream: UInt32
    @exclusivity(unchecked) var hadNoRoom = false

    // The host's budget of bytes
    let budget: BufferBudget?
    /// Bytes held or let go in this turn of the loop, which the budget does not know of yet.
    @exclusivity(unchecked) var unsettledBytes = 0
    @exclusivity(unchecked) var grownStreams: [HTTP2Stream] = []

    // Control
    @exclusivity(unchecked) private var closeTimer: Scheduled<Void>?
    @exclusivity(unchecked) var drainTimer: Scheduled<Void>?
    @exclusivity(unchecked) var settingsTimer: Scheduled<Void>?
    @exclusivity(unchecked) var isSettingsAcknowledged = false
    @exclusivity(unchecked) var pings: [UInt64: (sent: NIODeadline, acknowledged: (TimeAmount) -> Void)] = [:]
    @exclusivity(unchecked) var nextPing: UInt64 = 1
    @exclusivity(unchecked) var drainPhase = DrainPhase.none
    /// The peer takes no streams above this number; `nil` before its GOAWAY.
    @exclusivity(unchecked) var peerLastStream: UInt32?

    /// Makes a connection that keeps `delegate` alive until it is closed.
    package init(role: Role, configuration: HTTP2Configuration = .defaults, delegate: any HTTP2ConnectionDelegate) {
        self.role = role
        precondition(configuration.firstStream & 1 == 1, "a client's streams have odd numbers")
        self.configuration = configuration
        nextStream = configuration.firstStream
        budget = configuration.budget
        delegateUntilClosed = delegate
        isPrefaceRead = role == .client
        headerDecoder = HeaderBlockDecoder(
            tableSize: configuration.headerTableSize, maximumListSize: configuration.maximumHeaderListSize)
        idleFrames = IdleFrameMeter(maximum: configuration.maximumIdleFrames)
    }

    var delegate: (any HTTP2ConnectionDelegate)? { delegateUntilClosed }

    /// The loop that everything here runs on; valid once the handler is in a pipeline.
    package var eventLoop: any EventLoop {
        guard let loop else { preconditionFailure("the connection is not in a channel yet") }
        return loop
    }

    /// Streams that are open now.
    package var openStreams: Int { streams.count }

    /// Whether streams can be opened or accepted.
    package var isOpen: Bool { phase == .open || phase == .starting }

    // MARK: Channel events

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop = context.eventLoop
        flushQueue = FlushQueue.ofThisLoop()
        if context.channel.isActive { start() }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        lost("the connection's handler was removed")
        self.context = nil
    }

    package func channelActive(context: ChannelHandlerContext) {
        start()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        lost("the peer closed the connection")
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        lost("the connection failed: \(error)")
        context.close(promise: nil)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        while incoming.readableBytes > 0, bytes.readableBytes > 0 {
            // Only the frame that was cut off is put together; the rest is read from where it lies.
            let missing = isPrefaceRead ? missingBytes : bytes.readableBytes
            var part = bytes.readSlice(length: min(missing, bytes.readableBytes))!
            incoming.writeBuffer(&part)
            readFrames()
        }
        guard bytes.readableBytes > 0 else { return }
        incoming = bytes
        readFrames()
    }

    /// What the first frame in `incoming`, which is not whole, lacks: of its header, then of its payload.
    private var missingBytes: Int {
        if let partialData { return max(1, min(partialData.missing, Self.longData) - incoming.readableBytes) }
        guard let header = FrameHeader(peeking: incoming) else { return FrameHeader.size - incoming.readableBytes }
        return max(1, FrameHeader.size + header.length - incoming.readableBytes)
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            answersWhileBlocked = 0
            sendReadyStreams()
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Flushing

    /// Whether more data may be collected: beyond this the socket is slower than the peers, and they have to wait.
    @inline(__always)
    var hasRoomToSend: Bool {
        guard let context, writer.pendingBytes < 128 * 1024 else { return false }
        return context.channel.isWritable
    }

    /// Sees to it that what was collected goes out at the end of this turn of the loop.
    @inline(__always)
    func needsFlush() {
        guard !isInFlushQueue, let loop, let flushQueue else { return }
        isInFlushQueue = true
        flushQueue.add(self, loop)
    }

    func flush() {
        isInFlushQueue = false
        defer { settleBudget() }
        guard let context else { return }
        while writer.take({ context.write(wrapOutboundOut($0), promise: nil) }) {
            context.flush()
            // Streams that waited for room go on now, if the socket has taken the bytes.
            if !readyStreams.isEmpty { sendReadyStreams() }
        }
        if phase == .closing { finishClosing() }
    }

    /// Closes once the socket has taken everything, the last answers included. Then only this side's half at first: bytes
    /// that nobody has read would make the system reset the connection, and the peer lose what it has not read itself.
    private func finishClosing() {
        guard let context, closeTimer == nil else { return }
        let bound = NIOLoopBound((connection: self, context: context), eventLoop: context.eventLoop)
        closeTimer = context.eventLoop.scheduleTask(in: TimeAmount(configuration.closeTimeout)) {
            bound.value.context.close(promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
        written.futureResult.whenComplete { result in
            let (connection, context) = bound.value
            guard connection.phase == .closing else { return }
            connection.phase = .closed
            if connection.role == .server, case .success = result {
                context.close(mode: .output, promise: nil)
            } else {
                context.close(promise: nil)
            }
        }
    }

    // MARK: The end

    /// Ends all streams and closes after what was collected, with GOAWAY. Streams of the peer are reset, since old clients
    /// send again what was not answered.
    package func close(_ code: HTTP2ErrorCode = .noError, reason: String) {
        guard isOpen else { return }
        if role == .server {
            let streamCode: HTTP2ErrorCode = code == .noError ? .cancel : code
            for stream in streams.all where stream.id != 0 { writer.writeReset(stream.id, streamCode) }
        }
        writer.writeGoAway(lastStream: lastPeerStream, code, code == .noError ? "" : reason)
        phase = .closing
        needsFlush()
        endAll(reason)
    }

    /// The socket is gone.
    private func lost(_ reason: String) {
        phase = .closed
        closeTimer?.cancel()
        endAll(reason)
    }

    private func endAll(_ reason: String) {
        settingsTimer?.cancel()
        settingsTimer = nil
        drainTimer?.cancel()
        pings.removeAll()
        for stream in streams.all where stream.id != 0 { end(stream, .connectionLost(reason)) }
        readyStreams.removeAll()
        guard let delegate = delegateUntilClosed else { return }
        delegateUntilClosed = nil
        delegate.connectionClosed(self, reason: reason)
    }
}
