package import Logging
package import NIOCore
import NIOPosix

/// One event loop's way to a peer: makes the connection when a stream needs one, again when it was lost, and lets streams
/// wait for it. Confined to its event loop.
///
/// `idle ⇄ connecting → connected`; an attempt that fails ends the streams that wait (`.notBegun`, so that their users may
/// try elsewhere) and is followed by a back-off, in which streams are refused at once.
package final class HTTP2Endpoint {
    private enum State {
        case idle
        /// The attempt's number.
        case connecting(Int)
        case connected(HTTP2Connection)
        case closed
    }

    private struct Waiting {
        let head: HTTP2EncodedHead
        let endStream: Bool
        let deadline: NIODeadline?
        let delegate: any HTTP2StreamDelegate
    }

    package let address: TransportAddress
    package let eventLoop: any EventLoop
    private let configuration: EndpointConfiguration
    private let logger: Logger

    @exclusivity(unchecked) private var state = State.idle
    @exclusivity(unchecked) private var queue: CircularBuffer<Waiting> = []
    @exclusivity(unchecked) private var queueTimer: (deadline: NIODeadline, task: Scheduled<Void>)?
    @exclusivity(unchecked) private var probes: [(Result<Void, ConnectError>) -> Void] = []
    @exclusivity(unchecked) private var failures = 0
    @exclusivity(unchecked) private var attempt = 0
    /// The connections of the attempt: a host name may stand for several addresses, which are tried side by side.
    @exclusivity(unchecked) private var candidates: [ObjectIdentifier: HTTP2Connection] = [:]
    /// Whether one of them is connected, and only its SETTINGS are awaited.
    @exclusivity(unchecked) private var isSocketConnected = false
    @exclusivity(unchecked) private var backoffEnd: NIODeadline?
    @exclusivity(unchecked) private var lastFailure = ""
    @exclusivity(unchecked) private var connectTimer: Scheduled<Void>?
    @exclusivity(unchecked) private var idleTimer: Scheduled<Void>?
    @exclusivity(unchecked) private var keepAlive: RepeatedTask?
    @exclusivity(unchecked) private var isAwaitingPing = false
    /// Connections that take no new streams and finish theirs.
    @exclusivity(unchecked) private var draining: [ObjectIdentifier: HTTP2Connection] = [:]

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
    package var isConnected: Bool { if case .connected = state { true } else { false } }

    // MARK: Streams

    /// Opens a stream, at once where there is room on a connection, later where there is not. `delegate` hears
    /// `streamOpened` and then `streamEnded`, or only `streamEnded` (with `.notBegun`) where no stream could be opened.
    /// Both may come before this returns. A stream that still waits at `deadline` ends with `.notBegun`.
    package func open(
        head: HTTP2EncodedHead, endStream: Bool, deadline: NIODeadline?, delegate: any HTTP2StreamDelegate
    ) {
        if queue.isEmpty, case .connected(let connection) = state,
            connection.open(head: head, endStream: endStream, delegate: delegate)
        {
            return
        }
        if let refusal { return notBegun(delegate, refusal) }
        queue.append(Waiting(head: head, endStream: endStream, deadline: deadline, delegate: delegate))
        if let deadline { armQueueTimer(deadline) }
        connectIfNeeded()
    }

    /// Why no stream may wait now; `nil` where it may.
    private var refusal: String? {
        if case .closed = state { return "the way to \(address) was closed" }
        if queue.count >= configuration.maximumQueue {
            return "\(queue.count) streams wait for \(address) already"
        }
        if case .idle = state, let backoffEnd, NIODeadline.now() < backoffEnd { return lastFailure }
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

    private func openWaiting() {
        while let next = queue.first, case .connected(let connection) = state, connection.hasRoom {
            queue.removeFirst()
            if !connection.open(head: next.head, endStream: next.endStream, delegate: next.delegate) {
                queue.prepend(next)
                return
            }
        }
        // Asking makes the connection tell when there is room again.
        if !queue.isEmpty, case .connected(let connection) = state { connection.wantsRoom() }
    }

    private func failWaiting(_ reason: String) {
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

    // MARK: Connecting

    /// Why a connection could not be made.
    package struct ConnectError: Error, CustomStringConvertible {
        package let description: String
    }

    /// Connects, where there is no connection, and calls back once SETTINGS are exchanged or it failed.
    package func probe(_ done: @escaping (Result<Void, ConnectError>) -> Void) {
        switch state {
        case .connected: done(.success(()))
        case .closed: done(.failure(ConnectError(description: "the way to \(address) was closed")))
        case .idle, .connecting:
            probes.append(done)
            // A probe asks for an attempt now: whoever probes has a rhythm of its own.
            backoffEnd = nil
            connectIfNeeded()
        }
    }

    private func connectIfNeeded() {
        guard case .idle = state else { return }
        attempt += 1
        let attempt = attempt
        state = .connecting(attempt)
        isSocketConnected = false
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        connectTimer = eventLoop.scheduleTask(in: TimeAmount(configuration.connectTimeout)) {
            bound.value.attemptFailed(attempt, "no answer within \(bound.value.configuration.connectTimeout)")
        }
        let http2 = configuration.http2
        let bootstrap = ClientBootstrap(group: eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.maxMessagesPerRead, value: 1)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let endpoint = bound.value
                    let connection = HTTP2Connection(role: .client, configuration: http2, delegate: endpoint)
                    try channel.pipeline.syncOperations.addHandler(connection)
                    endpoint.candidates[ObjectIdentifier(connection)] = connection
                }
            }
        let connecting =
            switch address {
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
            }
        connecting.whenComplete { result in
            switch result {
            case .success: bound.value.socketConnected(attempt)
            case .failure(let error): bound.value.attemptFailed(attempt, ConnectFailure.text(error))
            }
        }
    }

    private func socketConnected(_ attempt: Int) {
        guard case .connecting(attempt) = state else { return }
        isSocketConnected = true
        if candidates.isEmpty { attemptFailed(attempt, "the peer closed the connection") }
    }

    private func attemptFailed(_ attempt: Int, _ reason: String) {
        guard case .connecting(attempt) = state else { return }
        state = .idle
        connectTimer?.cancel()
        closeCandidates(reason)
        let wait = min(configuration.maximumBackoff, configuration.initialBackoff * (1 << min(failures, 16)))
        failures += 1
        backoffEnd = .now() + TimeAmount(wait)
        lastFailure = "cannot connect to \(address): \(reason)"
        logger.debug("connecting failed", metadata: ["lever.address": "\(address)", "lever.reason": "\(reason)"])
        failWaiting(lastFailure)
        tellProbes(.failure(ConnectError(description: lastFailure)))
    }

    private func closeCandidates(_ reason: String) {
        let others = candidates
        candidates = [:]
        for connection in others.values { connection.close(reason: reason) }
    }

    private func tellProbes(_ result: Result<Void, ConnectError>) {
        let waiting = probes
        probes.removeAll()
        for done in waiting { done(result) }
    }

    // MARK: The end

    /// Takes no more streams; ends the connection once the open ones have ended (at once with `force`).
    package func close(force: Bool = false) {
        let connection: HTTP2Connection?
        switch state {
        case .connected(let open): connection = open
        case .connecting, .idle, .closed: connection = nil
        }
        state = .closed
        connectTimer?.cancel()
        closeCandidates("the way to \(address) was closed")
        stopTimers()
        queueTimer?.task.cancel()
        failWaiting("the way to \(address) was closed")
        tellProbes(.failure(ConnectError(description: "the way to \(address) was closed")))
        for connection in (connection.map { [$0] } ?? []) + Array(draining.values) {
            if force { connection.close(reason: "the way to \(address) was closed") } else { connection.drain() }
        }
    }

    private func stopTimers() {
        idleTimer?.cancel()
        idleTimer = nil
        keepAlive?.cancel()
        keepAlive = nil
        isAwaitingPing = false
    }
}

// MARK: The connection's events

extension HTTP2Endpoint: HTTP2ConnectionDelegate {
    package func connectionIsReady(_ connection: HTTP2Connection) {
        guard case .connecting = state, candidates.removeValue(forKey: ObjectIdentifier(connection)) != nil else {
            return connection.close(reason: "not needed any more")
        }
        state = .connected(connection)
        connectTimer?.cancel()
        closeCandidates("another address answered first")
        failures = 0
        backoffEnd = nil
        tellProbes(.success(()))
        openWaiting()
        if case .connected(let current) = state, current === connection, connection.openStreams == 0 {
            self.connection(connection, isIdle: true)
        }
    }

    package func connectionHasRoom(_ connection: HTTP2Connection) {
        openWaiting()
    }

    package func connectionIsDraining(_ connection: HTTP2Connection) {
        guard case .connected(let current) = state, current === connection else { return }
        draining[ObjectIdentifier(connection)] = connection
        state = .idle
        stopTimers()
        if !queue.isEmpty { connectIfNeeded() }
    }

    package func connection(_ connection: HTTP2Connection, isIdle: Bool) {
        guard case .connected(let current) = state, current === connection else { return }
        idleTimer?.cancel()
        idleTimer = nil
        if isIdle {
            keepAlive?.cancel()
            keepAlive = nil
            if let timeout = configuration.idleTimeout { armIdleTimer(connection, timeout) }
        } else if let interval = configuration.keepAliveInterval {
            startKeepAlive(connection, TimeAmount(interval))
        }
    }

    package func connectionClosed(_ connection: HTTP2Connection, reason: String) {
        draining[ObjectIdentifier(connection)] = nil
        let wasCandidate = candidates.removeValue(forKey: ObjectIdentifier(connection)) != nil
        switch state {
        case .connecting(let attempt) where wasCandidate && isSocketConnected && candidates.isEmpty:
            attemptFailed(attempt, reason)
        case .connected(let current) where current === connection:
            state = .idle
            stopTimers()
            if !queue.isEmpty { connectIfNeeded() }
        default:
            break
        }
    }

    private func armIdleTimer(_ connection: HTTP2Connection, _ timeout: Duration) {
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        idleTimer = eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            guard bound.value.openStreams == 0 else { return }
            bound.value.close(reason: "the connection was idle")
        }
    }

    private func startKeepAlive(_ connection: HTTP2Connection, _ interval: TimeAmount) {
        guard keepAlive == nil else { return }
        let bound = NIOLoopBound((endpoint: self, connection: connection), eventLoop: eventLoop)
        let timeout = TimeAmount(configuration.keepAliveTimeout)
        let eventLoop = eventLoop
        keepAlive = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let (endpoint, connection) = bound.value
            guard !endpoint.isAwaitingPing else { return }
            endpoint.isAwaitingPing = true
            let timer = eventLoop.scheduleTask(in: timeout) {
                bound.value.connection.close(reason: "no answer to a PING within \(timeout.nanoseconds / 1_000_000) ms")
            }
            connection.ping { _ in
                timer.cancel()
                bound.value.endpoint.isAwaitingPing = false
            }
        }
    }
}
