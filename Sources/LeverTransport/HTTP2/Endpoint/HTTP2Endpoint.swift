package import Logging
package import NIOCore
import NIOPosix

/// One event loop's way to a peer: makes the connection when a stream needs one, again when it was lost, another when the
/// peer's limit leaves no room, and lets streams wait for it. Confined to its event loop.
///
/// There is at most one attempt to connect at a time. One that fails while there is no connection ends the streams that wait
/// (`.notBegun`, so that their users may try elsewhere) and is followed by a back-off, in which streams are refused at once;
/// one that fails beside other connections lets streams wait for room on those. Attempts are made in `+Connecting`.
package final class HTTP2Endpoint {
    private struct Waiting {
        let head: HTTP2EncodedHead
        let endStream: Bool
        let deadline: NIODeadline?
        let delegate: any HTTP2StreamDelegate
    }

    package let address: TransportAddress
    package let eventLoop: any EventLoop
    let configuration: EndpointConfiguration
    let logger: Logger

    @exclusivity(unchecked) var isClosed = false
    /// The connections that take streams, in the order in which they are filled.
    @exclusivity(unchecked) var links: [EndpointLink] = []
    /// Connections that take no new streams and finish theirs.
    @exclusivity(unchecked) var draining: [ObjectIdentifier: HTTP2Connection] = [:]

    @exclusivity(unchecked) private var queue: CircularBuffer<Waiting> = []
    @exclusivity(unchecked) private var queueTimer: (deadline: NIODeadline, task: Scheduled<Void>)?

    // Connecting
    @exclusivity(unchecked) var probes: [(Result<Void, ConnectError>) -> Void] = []
    /// The number of the attempt under way.
    @exclusivity(unchecked) var attempt: Int?
    @exclusivity(unchecked) var attempts = 0
    /// The connections of the attempt: a host name may stand for several addresses, which are tried side by side.
    @exclusivity(unchecked) var candidates: [ObjectIdentifier: HTTP2Connection] = [:]
    /// Whether one of them is connected, and only its SETTINGS are awaited.
    @exclusivity(unchecked) var isSocketConnected = false
    @exclusivity(unchecked) var failures = 0
    @exclusivity(unchecked) var backoffEnd: NIODeadline?
    @exclusivity(unchecked) var lastFailure = ""
    /// Ends the attempt, or begins the next one after the back-off.
    @exclusivity(unchecked) var connectTimer: Scheduled<Void>?

    package init(
        address: TransportAddress, eventLoop: any EventLoop, configuration: EndpointConfiguration = .defaults,
        logger: Logger
    ) {
        self.address = address
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.logger = logger
    }

    /// Whether there is a connection that takes streams.
    package var isConnected: Bool { !links.isEmpty }

    /// Whether streams wait for a connection or for room.
    var hasWaiting: Bool { !queue.isEmpty }

    // MARK: Streams

    /// Opens a stream, at once where there is room on a connection, later where there is not. `delegate` hears
    /// `streamOpened` and then `streamEnded`, or only `streamEnded` (with `.notBegun`) where no stream could be opened.
    /// Both may come before this returns. A stream that still waits at `deadline` ends with `.notBegun`.
    package func open(
        head: HTTP2EncodedHead, endStream: Bool, deadline: NIODeadline?, delegate: any HTTP2StreamDelegate
    ) {
        if queue.isEmpty {
            for link in links where link.connection.open(head: head, endStream: endStream, delegate: delegate) {
                return
            }
        }
        if let refusal { return notBegun(delegate, refusal) }
        queue.append(Waiting(head: head, endStream: endStream, deadline: deadline, delegate: delegate))
        if let deadline { armQueueTimer(deadline) }
        connectIfNeeded()
    }

    /// Why no stream may wait now; `nil` where it may.
    private var refusal: String? {
        if isClosed { return "the way to \(address) was closed" }
        if queue.count >= configuration.maximumQueue {
            return "\(queue.count) streams wait for \(address) already"
        }
        if links.isEmpty, attempt == nil, let backoffEnd, NIODeadline.now() < backoffEnd { return lastFailure }
        return nil
    }

    private func notBegun(_ delegate: any HTTP2StreamDelegate, _ reason: String) {
        // A handle that was never valid: whatever is asked of it does nothing.
        delegate.streamEnded(HTTP2Stream.none(on: unopenedConnection), .notBegun(reason))
    }

    /// Stands in handles of streams that were never opened.
    private lazy var unopenedConnection = HTTP2Connection(role: .client, delegate: NoOwner())

    private final class NoOwner: HTTP2ConnectionDelegate {}

    /// Takes a stream that waits out of the queue without a word to its delegate; `false` where it does not wait.
    package func abandon(_ delegate: any HTTP2StreamDelegate) -> Bool {
        guard let index = queue.firstIndex(where: { $0.delegate === delegate }) else { return false }
        queue.remove(at: index)
        return true
    }

    /// Opens what waits, as far as there is room.
    func openWaiting() {
        while let next = queue.first, let link = links.first(where: { $0.connection.hasRoom }) {
            queue.removeFirst()
            guard link.connection.open(head: next.head, endStream: next.endStream, delegate: next.delegate) else {
                queue.prepend(next)
                break
            }
        }
        guard !queue.isEmpty else { return }
        // Asking makes the connections tell when there is room again.
        for link in links { link.connection.wantsRoom() }
        connectIfNeeded()
    }

    func failWaiting(_ reason: String) {
        let failed = queue
        queue.removeAll()
        for waiting in failed { notBegun(waiting.delegate, reason) }
    }

    private func armQueueTimer(_ deadline: NIODeadline) {
        if let queueTimer, queueTimer.deadline <= deadline { return }
        queueTimer?.task.cancel()
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        queueTimer = (deadline, eventLoop.scheduleTask(deadline: deadline) { bound.value.queueTimerFired() })
    }

    private func queueTimerFired() {
        queueTimer = nil
        let now = NIODeadline.now()
        let late = queue.filter { $0.deadline.map { $0 <= now } ?? false }
        queue.removeAll { $0.deadline.map { $0 <= now } ?? false }
        if let next = queue.compactMap(\.deadline).min() { armQueueTimer(next) }
        for waiting in late { notBegun(waiting.delegate, "the deadline passed while the stream waited for \(address)") }
    }

    // MARK: The end

    /// Takes no more streams; ends the connection once the open ones have ended (at once with `force`).
    package func close(force: Bool = false) {
        isClosed = true
        attempt = nil
        connectTimer?.cancel()
        closeCandidates("the way to \(address) was closed")
        queueTimer?.task.cancel()
        failWaiting("the way to \(address) was closed")
        tellProbes(.failure(ConnectError(description: "the way to \(address) was closed")))
        let open = links.map(\.connection) + Array(draining.values)
        for link in links { link.stop() }
        links = []
        for connection in open {
            if force { connection.close(reason: "the way to \(address) was closed") } else { connection.drain() }
        }
    }
}

// MARK: The connection's events

extension HTTP2Endpoint: HTTP2ConnectionDelegate {
    package func connectionIsReady(_ connection: HTTP2Connection) {
        guard attempt != nil, candidates.removeValue(forKey: ObjectIdentifier(connection)) != nil else {
            return connection.close(reason: "not needed any more")
        }
        attempt = nil
        let link = EndpointLink(connection, configuration, eventLoop)
        links.append(link)
        connectTimer?.cancel()
        closeCandidates("another address answered first")
        failures = 0
        backoffEnd = nil
        tellProbes(.success(()))
        openWaiting()
        if connection.openStreams == 0 { self.connection(connection, isIdle: true) }
    }

    package func connectionHasRoom(_ connection: HTTP2Connection) {
        openWaiting()
    }

    package func connectionIsDraining(_ connection: HTTP2Connection) {
        guard removeLink(connection) else { return }
        draining[ObjectIdentifier(connection)] = connection
        connectIfNeeded()
    }

    package func connection(_ connection: HTTP2Connection, isIdle: Bool) {
        guard let link = links.first(where: { $0.connection === connection }) else { return }
        if isIdle { link.becameIdle() } else { link.becameBusy() }
    }

    package func connectionClosed(_ connection: HTTP2Connection, reason: String) {
        draining[ObjectIdentifier(connection)] = nil
        if candidates.removeValue(forKey: ObjectIdentifier(connection)) != nil {
            if let attempt, isSocketConnected, candidates.isEmpty { attemptFailed(attempt, reason) }
        } else if removeLink(connection) {
            connectIfNeeded()
        }
    }

    private func removeLink(_ connection: HTTP2Connection) -> Bool {
        guard let index = links.firstIndex(where: { $0.connection === connection }) else { return false }
        links.remove(at: index).stop()
        return true
    }
}
