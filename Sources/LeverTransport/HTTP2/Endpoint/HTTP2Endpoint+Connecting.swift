import Logging
import NIOCore
import NIOPosix

// Attempts to connect.
extension HTTP2Endpoint {
    /// Why a connection could not be made.
    package struct ConnectError: Error, CustomStringConvertible {
        package let description: String
    }

    /// Connects, where there is no connection, and calls back once SETTINGS are exchanged or it failed.
    package func probe(_ done: @escaping (Result<Void, ConnectError>) -> Void) {
        if isClosed { return done(.failure(ConnectError(description: "the way to \(address) was closed"))) }
        if isConnected { return done(.success(())) }
        probes.append(done)
        // A probe asks for an attempt now: whoever probes has a rhythm of its own.
        backoffEnd = nil
        connectIfNeeded()
    }

    /// Asks the peer for a sign of life, over a connection that is there or a new one; `answered` is called when it comes, or
    /// never.
    package func ping(_ answered: @escaping () -> Void) {
        if let link = links.first {
            link.connection.ping { _ in answered() }
        } else {
            probe { if case .success = $0 { answered() } }
        }
    }

    /// Whether another connection would help, and may be tried now.
    private var needsConnection: Bool {
        guard !isClosed, attempt == nil, hasWaiting || !probes.isEmpty else { return false }
        guard !links.isEmpty else { return true }
        guard links.count < configuration.maximumConnections else { return false }
        if let backoffEnd, NIODeadline.now() < backoffEnd { return false }
        // A peer that takes no stream at all takes none on another connection either.
        return links.allSatisfy { !$0.connection.hasRoom && $0.connection.openStreams > 0 }
    }

    /// Begins an attempt where streams wait for one.
    func connectIfNeeded() {
        guard needsConnection else { return }
        attempts += 1
        let attempt = attempts
        self.attempt = attempt
        connectTimer?.cancel()
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
        guard self.attempt == attempt else { return }
        isSocketConnected = true
        if candidates.isEmpty { attemptFailed(attempt, "the peer closed the connection") }
    }

    func attemptFailed(_ attempt: Int, _ reason: String) {
        guard self.attempt == attempt else { return }
        self.attempt = nil
        connectTimer?.cancel()
        closeCandidates(reason)
        let wait = min(configuration.maximumBackoff, configuration.initialBackoff * (1 << min(failures, 16)))
        failures += 1
        let end = NIODeadline.now() + TimeAmount(wait)
        backoffEnd = end
        lastFailure = "cannot connect to \(address): \(reason)"
        logger.debug("connecting failed", metadata: ["lever.address": "\(address)", "lever.reason": "\(reason)"])
        if isConnected {
            // What waits goes on as there is room; another connection is tried again later.
            let bound = NIOLoopBound(self, eventLoop: eventLoop)
            connectTimer = eventLoop.scheduleTask(deadline: end) { bound.value.connectIfNeeded() }
        } else {
            failWaiting(lastFailure)
        }
        tellProbes(.failure(ConnectError(description: lastFailure)))
    }

    func closeCandidates(_ reason: String) {
        let others = candidates
        candidates = [:]
        for connection in others.values { connection.close(reason: reason) }
    }

    func tellProbes(_ result: Result<Void, ConnectError>) {
        let waiting = probes
        probes.removeAll()
        for done in waiting { done(result) }
    }
}
