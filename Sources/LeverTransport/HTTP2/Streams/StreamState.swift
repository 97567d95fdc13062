import NIOCore

/// What a connection knows of one stream. The objects are used again for later streams of the same connection.
///
/// Each half is open until its last frame: `canSend` and `canReceive`. What the peer's windows or the socket do not take yet
/// waits in `queue`, the end of this side's half in `queuedEnd`.
final class StreamState {
    /// How this side's half ends once the queue is empty.
    enum QueuedEnd {
        case none
        case endStream
        case trailers(HTTP2EncodedHead)
    }

    let slot: Int
    var id: UInt32 = 0
    var delegate: (any HTTP2StreamDelegate)?

    /// Whether the peer may still send.
    var canReceive = false
    /// Whether the peer's final head has come.
    var hasReceivedHead = false
    /// What is left of the peer's `content-length`.
    var contentLeft: Int?
    /// Credit that the peer has.
    var receiveWindow = 0
    /// Credit that was given back by the user and is not announced yet.
    var unannouncedCredit = 0

    /// Whether this side's half is open: its end was not written. Its user may have ended it already (`queuedEnd`).
    var canSend = false
    /// Credit that this side has.
    var sendWindow = 0
    var queue: CircularBuffer<ByteBuffer> = []
    var queuedEnd = QueuedEnd.none
    /// Whether it stands in the connection's list of streams that wait for the connection's window or the socket.
    var isInReadyList = false
    /// How the last stream of this slot ended.
    var lastEnd = HTTP2StreamEnd.complete

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
        hasReceivedHead = false
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
