import NIOCore

/// What a connection knows of one stream. The objects are used again for later streams of the same connection.
///
/// Each half is open until its last frame: `canSend` and `canReceive`. What the peer's windows or the socket do not take yet
/// waits in `queue`, the end of this side's half in `queuedEnd`. As for ``HTTP2Connection``, access is not checked at run time.
final class StreamState {
    /// How this side's half ends once the queue is empty.
    enum QueuedEnd {
        case none
        case endStream
        case trailers(HTTP2EncodedHead)
    }

    let slot: Int
    @exclusivity(unchecked) var id: UInt32 = 0
    @exclusivity(unchecked) var delegate: (any HTTP2StreamDelegate)?

    /// Whether the peer may still send.
    @exclusivity(unchecked) var canReceive = false
    /// Whether the peer's final head has come.
    @exclusivity(unchecked) var hasReceivedHead = false
    /// What is left of the peer's `content-length`.
    @exclusivity(unchecked) var contentLeft: Int?
    /// Credit that the peer has.
    @exclusivity(unchecked) var receiveWindow = 0
    /// Credit that was given back by the user and is not announced yet.
    @exclusivity(unchecked) var unannouncedCredit = 0

    /// Bytes that count against the host's budget, and how many of them are received bytes without their credit given back.
    @exclusivity(unchecked) var held = 0
    @exclusivity(unchecked) var uncredited = 0
    /// Whether it holds more than at the end of the last turn.
    @exclusivity(unchecked) var hasGrown = false

    /// Whether this side's half is open: its end was not written. Its user may have ended it already (`queuedEnd`).
    @exclusivity(unchecked) var canSend = false
    /// Credit that this side has.
    @exclusivity(unchecked) var sendWindow = 0
    /// Whether a head of this side's has been sent.
    @exclusivity(unchecked) var hasSentHead = false
    @exclusivity(unchecked) var queue: CircularBuffer<ByteBuffer> = []
    @exclusivity(unchecked) var queuedEnd = QueuedEnd.none
    /// Whether it stands in the connection's list of streams that wait for the connection's window or the socket.
    @exclusivity(unchecked) var isInReadyList = false
    /// How the last stream of this slot ended.
    @exclusivity(unchecked) var lastEnd = HTTP2StreamEnd.complete

    init(slot: Int) {
        self.slot = slot
    }

    /// Whether nothing waits to be sent.
    @inline(__always)
    var isQueueEmpty: Bool {
        guard queue.isEmpty else { return false }
        if case .none = queuedEnd { return true }
        return false
    }

    /// Whether its user may send more.
    @inline(__always)
    var isOpenForSending: Bool {
        guard canSend else { return false }
        if case .none = queuedEnd { return true }
        return false
    }

    func begin(id: UInt32, canReceive: Bool, canSend: Bool, sendWindow: Int, receiveWindow: Int) {
        self.id = id
        self.canReceive = canReceive
        self.canSend = canSend
        self.sendWindow = sendWindow
        self.receiveWindow = receiveWindow
        unannouncedCredit = 0
        held = 0
        uncredited = 0
        hasGrown = false
        hasReceivedHead = false
        hasSentHead = false
        contentLeft = nil
    }

    func end() {
        id = 0
        delegate = nil
        canReceive = false
        canSend = false
        if !queue.isEmpty { queue.removeAll(keepingCapacity: queue.count <= 16) }
        queuedEnd = .none
    }
}
