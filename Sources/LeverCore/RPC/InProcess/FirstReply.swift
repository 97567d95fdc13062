import Synchronization

/// What one task waits for and any number of others may give: the first reply or failure counts, what comes later is dropped. A
/// cancellation of the waiting task is a failure, too.
///
/// It is no generic type: those ask the runtime for their metadata each time one ends, a tenth of the time of a whole call.
final class FirstReply: Sendable {
    private struct State {
        var waiting: CheckedContinuation<RPCReply, any Error>?
        var result: Result<RPCReply, any Error>?
        var helpers: [Task<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// The result, where there is one already.
    var result: Result<RPCReply, any Error>? { state.withLock { $0.result } }

    /// Gives a result, and cancels the helpers where it is the first.
    func finish(_ result: Result<RPCReply, any Error>) {
        let (waiting, helpers) = state.withLock { state in
            guard state.result == nil else {
                return (nil as CheckedContinuation<RPCReply, any Error>?, [] as [Task<Void, Never>])
            }
            state.result = result
            defer { state.waiting = nil; state.helpers = [] }
            return (state.waiting, state.helpers)
        }
        for task in helpers { task.cancel() }
        waiting?.resume(with: result)
    }

    /// Adds a task that nobody needs once there is a result.
    func add(_ helper: Task<Void, Never>) {
        let isOver = state.withLock { state in
            if state.result == nil { state.helpers.append(helper) }
            return state.result != nil
        }
        if isOver { helper.cancel() }
    }

    /// Waits for the result; one task may.
    func value() async throws -> RPCReply {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state in
                    if state.result == nil { state.waiting = continuation }
                    return state.result
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            finish(.failure(CancellationError()))
        }
    }
}
