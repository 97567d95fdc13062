import NIOCore
import NIOPosix

/// The connections of one event loop that have something to send. They are flushed together after all sockets that were
/// ready in this turn of the loop have been read, so that a connection writes once for all that came in for it.
final class FlushQueue {
    // Safe: each thread sees its own value only, and the variable itself may be used from any.
    nonisolated(unsafe) private static let current = ThreadSpecificVariable<FlushQueue>()

    @exclusivity(unchecked) private var waiting: [HTTP2Connection] = []
    @exclusivity(unchecked) private var isScheduled = false
    @exclusivity(unchecked) private var task: (@Sendable () -> Void)?

    /// The queue of the loop that runs on this thread.
    static func ofThisLoop() -> FlushQueue {
        if let known = current.currentValue { return known }
        let made = FlushQueue()
        current.currentValue = made
        return made
    }

    func add(_ connection: HTTP2Connection, _ eventLoop: any EventLoop) {
        waiting.append(connection)
        guard !isScheduled else { return }
        isScheduled = true
        if let task {
            eventLoop.execute(task)
        } else {
            let queue = NIOLoopBound(self, eventLoop: eventLoop)
            let made: @Sendable () -> Void = { queue.value.flush() }
            task = made
            eventLoop.execute(made)
        }
    }

    private func flush() {
        isScheduled = false
        let connections = waiting
        waiting.removeAll(keepingCapacity: true)
        for connection in connections { connection.flush() }
    }
}
