import Synchronization

/// One unary call within the process: its handler's task, and the caller that waits for the first of an answer, the deadline
/// and a cancellation. What the handler gives after that is dropped.
///
/// The handler's task may begin on the caller's thread, so that a handler which answers without waiting costs neither a change
/// of threads nor a timer.
final class InProcessCall<Value: Sendable>: Sendable {
    private struct State {
        var waiting: CheckedContinuation<Value, any Error>?
        var result: Result<Value, any Error>?
        var tasks: [Task<Void, Never>] = []
    }

    private let state = Mutex(State())

    func run(
        immediately: Bool, deadline: ContinuousClock.Instant?, late: @autoclosure @escaping @Sendable () -> String,
        _ body: @escaping @Sendable () async -> Void
    ) async throws -> Value {
        try Task.checkCancellation()
        let handling = immediately ? Self.begin(body) : Task { await body() }
        if let result = state.withLock({ $0.result }) { return try result.get() }
        add(handling)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.waiting = continuation }
                if let deadline { add(Task { await self.watch(deadline, late) }) }
                // A result that came first has been left here.
                deliver()
            }
        } onCancel: {
            finish(.failure(CancellationError()))
        }
    }

    private static func begin(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        if #available(macOS 26, iOS 26, *) { Task.immediate { await body() } } else { Task { await body() } }
    }

    private func watch(_ deadline: ContinuousClock.Instant, _ late: () -> String) async {
        try? await Task.sleep(until: deadline, clock: .continuous)
        if !Task.isCancelled { finish(.failure(RPCError(.deadline, late(), cause: CallUnanswered()))) }
    }

    /// Ends the call with the first result.
    func finish(_ result: Result<Value, any Error>) {
        state.withLock { if $0.result == nil { $0.result = result } }
        deliver()
    }

    private func add(_ task: Task<Void, Never>) {
        let isOver = state.withLock { state in
            if state.result != nil { return true }
            state.tasks.append(task)
            return false
        }
        if isOver { task.cancel() }
    }

    private func deliver() {
        let (waiting, result, tasks) = state.withLock { state in
            guard let result = state.result, let waiting = state.waiting else {
                return (nil as CheckedContinuation<Value, any Error>?, state.result, [] as [Task<Void, Never>])
            }
            defer { state.waiting = nil; state.tasks = [] }
            return (waiting, result, state.tasks)
        }
        guard let waiting, let result else { return }
        for task in tasks { task.cancel() }
        waiting.resume(with: result)
    }
}
