import Synchronization

/// Runs the tasks of one instance on the test's executor, and can stop them all wherever they stand, as a stopped process is.
final class InstanceExecutor: TaskExecutor {
    private struct State {
        var isFrozen = false
        var held: [UnownedJob] = []
    }

    private let base: TestExecutor
    private let state = Mutex(State())

    init(_ base: TestExecutor) {
        self.base = base
    }

    func enqueue(_ job: consuming ExecutorJob) {
        run(UnownedJob(job))
    }

    private func run(_ job: UnownedJob) {
        base.add { [self] in
            // It may have been frozen since the step was asked for.
            let isHeld = state.withLock { state in
                if state.isFrozen { state.held.append(job) }
                return state.isFrozen
            }
            if !isHeld { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    func freeze() {
        state.withLock { $0.isFrozen = true }
    }

    func thaw() {
        let held = state.withLock { state in
            defer { state = State() }
            return state.held
        }
        for job in held { run(job) }
    }
}
