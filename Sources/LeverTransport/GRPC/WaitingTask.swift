import NIOCore
import Synchronization

/// A task that is suspended until something happens on an event loop. Confined to the loop, as its continuation's owner.
struct WaitingTask<Value: Sendable> {
    private let continuation: CheckedContinuation<Value, any Error>
    fileprivate let ticket: WaitTicket

    fileprivate init(_ continuation: CheckedContinuation<Value, any Error>, _ ticket: WaitTicket) {
        self.continuation = continuation
        self.ticket = ticket
    }

    func resume(_ result: Result<Value, any Error>) {
        continuation.resume(with: result)
    }

    /// Whether it is the one that a cancellation means.
    func has(_ ticket: WaitTicket) -> Bool { self.ticket === ticket }
}

/// Connects a cancellation with the task that waits.
final class WaitTicket: Sendable {
    fileprivate let isCancelled = Atomic(false)
}

extension EventLoop {
    /// Suspends the task until what `begin` gets on the loop is resumed. When the task is cancelled, `cancel` is called on
    /// the loop, unless `begin` was not called yet: then it never is.
    func suspend<Value: Sendable>(
        _ begin: @escaping @Sendable (WaitingTask<Value>) -> Void,
        onCancel cancel: @escaping @Sendable (WaitTicket) -> Void
    ) async throws -> Value {
        let ticket = WaitTicket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                onLoop {
                    if ticket.isCancelled.load(ordering: .acquiring) {
                        continuation.resume(throwing: CancellationError())
                    } else {
                        begin(WaitingTask(continuation, ticket))
                    }
                }
            }
        } onCancel: {
            ticket.isCancelled.store(true, ordering: .releasing)
            execute { cancel(ticket) }
        }
    }

    /// Does something on the loop: now, where this is the loop.
    func onLoop(_ body: @escaping @Sendable () -> Void) {
        if inEventLoop { body() } else { execute(body) }
    }
}
