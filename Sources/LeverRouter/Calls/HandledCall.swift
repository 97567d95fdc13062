import LeverCore
import LeverTransport
import Synchronization

/// A call that a handler of this process answers, and that others than its task can end: the error goes to its caller, and the
/// handler's task is cancelled.
final class HandledCall: EndableCall, Sendable {
    private struct State {
        var ending: RPCError?
        var end: (@Sendable (RPCError) -> Void)?
    }

    private let state = Mutex(State())

    /// Runs what answers the call.
    ///
    /// - Throws: the error that it was ended with, or what `body` throws.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await body() }
        onEnd { _ in task.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch {
            throw state.withLock { $0.ending } ?? error
        }
    }

    /// Says what else ends the call, in place of what did before.
    func onEnd(_ end: @escaping @Sendable (RPCError) -> Void) {
        let ending = state.withLock { state in
            state.end = end
            return state.ending
        }
        if let ending { end(ending) }
    }

    func end(with error: RPCError) {
        let end = state.withLock { state in
            guard state.ending == nil else { return nil as (@Sendable (RPCError) -> Void)? }
            state.ending = error
            return state.end
        }
        end?(error)
    }
}
