import NIOCore

/// One connection of an endpoint that takes streams, and its timers: it is closed when it has been idle for long, and
/// when a PING stays without an answer while streams are open.
final class EndpointLink {
    let connection: HTTP2Connection
    private let configuration: EndpointConfiguration
    private let eventLoop: any EventLoop
    @exclusivity(unchecked) private var idleSince: NIODeadline?
    @exclusivity(unchecked) private var idleTimer: Scheduled<Void>?
    @exclusivity(unchecked) private var keepAlive: RepeatedTask?
    @exclusivity(unchecked) private var isAwaitingPing = false

    init(_ connection: HTTP2Connection, _ configuration: EndpointConfiguration, _ eventLoop: any EventLoop) {
        self.connection = connection
        self.configuration = configuration
        self.eventLoop = eventLoop
    }

    func stop() {
        idleTimer?.cancel()
        idleTimer = nil
        keepAlive?.cancel()
        keepAlive = nil
    }

    // Calls that come one after the other make a connection idle and busy all the time: timers stay armed, and look when they
    // fire.

    func becameIdle() {
        guard let timeout = configuration.idleTimeout else { return }
        let now = NIODeadline.now()
        idleSince = now
        if idleTimer == nil { armIdleTimer(now + TimeAmount(timeout)) }
    }

    func becameBusy() {
        idleSince = nil
        if keepAlive == nil, let interval = configuration.keepAliveInterval { startKeepAlive(TimeAmount(interval)) }
    }

    private func armIdleTimer(_ deadline: NIODeadline) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        idleTimer = eventLoop.scheduleTask(deadline: deadline) { bound.value.idleTimerFired() }
    }

    private func idleTimerFired() {
        idleTimer = nil
        guard let idleSince, let timeout = configuration.idleTimeout else { return }
        let end = idleSince + TimeAmount(timeout)
        if end > .now() { armIdleTimer(end) } else { connection.close(reason: "the connection was idle") }
    }

    private func startKeepAlive(_ interval: TimeAmount) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        keepAlive = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { task in
            bound.value.keepAliveFired(task)
        }
    }

    private func keepAliveFired(_ task: RepeatedTask) {
        guard connection.openStreams > 0 else {
            task.cancel()
            keepAlive = nil
            return
        }
        guard !isAwaitingPing else { return }
        isAwaitingPing = true
        let timeout = TimeAmount(configuration.keepAliveTimeout)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let timer = eventLoop.scheduleTask(in: timeout) {
            bound.value.connection.close(
                reason: "no answer to a PING within \(timeout.nanoseconds / 1_000_000) ms")
        }
        connection.ping { _ in
            timer.cancel()
            bound.value.isAwaitingPing = false
        }
    }
}
