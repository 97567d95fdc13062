import Dispatch
import Synchronization

/// Runs the tasks of a test one step at a time, in the order in which they can go on, and knows when none can.
///
/// All tasks that prefer it share one thread, so a test whose tasks all do goes the same way each time. A task prefers it
/// within ``withTestHost(seed:configuration:_:)``, in handlers that a ``LeverTestHost`` runs, and within
/// `withTaskExecutorPreference(clock.executor) { … }`; child tasks inherit that, while tasks made with `Task { }` and code of the
/// main actor run elsewhere.
public final class TestExecutor: TaskExecutor {
    private struct State {
        /// Steps that wait or run.
        var pending = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let queue = DispatchQueue(label: "lever.testing")
    private let state = Mutex(State())

    /// Makes an executor with a thread of its own.
    public init() {}

    /// Runs a step of a task after all that are to run already.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        add { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Runs something after all that is to run already.
    func add(_ step: @escaping @Sendable () -> Void) {
        state.withLock { $0.pending += 1 }
        queue.async { [self] in
            step()
            stepEnded()
        }
    }

    private func stepEnded() {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.pending -= 1
            guard state.pending == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns once no task of the executor can go on: all wait for something.
    func idle() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.pending > 0 { state.waiting.append(continuation) }
                return state.pending == 0
            }
            if isIdle { continuation.resume() }
        }
    }
}
