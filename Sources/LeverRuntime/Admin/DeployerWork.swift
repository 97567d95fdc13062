import Synchronization

/// How many deployments a ``Deployer`` has under way, and whether it takes more.
final class DeployerWork: Sendable {
    private struct State {
        var underWay = 0
        var isClosed = false
        var waitingForClose: [Int: CheckedContinuation<Void, Never>] = [:]
        var waitingForIdle: [CheckedContinuation<Void, Never>] = []
        var tickets = 0
    }

    private let state = Mutex(State())

    /// Begins a deployment.
    ///
    /// - Throws: ``DeploymentError`` where there are too many, or none are taken any more.
    func enter(limit: Int) throws {
        try state.withLock { state in
            guard !state.isClosed else { throw DeploymentError("the host is shutting down") }
            guard state.underWay < limit else {
                throw DeploymentError("\(limit) deployments are under way already; try again in a moment")
            }
            state.underWay += 1
        }
    }

    /// Ends one.
    func leave() {
        let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
            state.underWay -= 1
            guard state.underWay == 0 else { return [] }
            defer { state.waitingForIdle = [] }
            return state.waitingForIdle
        }
        for continuation in waiting { continuation.resume() }
    }

    // MARK: The end

    /// Takes no more deployments.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waitingForClose = [:] }
            return state.waitingForClose.values
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Takes no more deployments and waits until none is under way. That does not end early where the task is cancelled.
    func closeAndWait() async {
        close()
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.underWay > 0 { state.waitingForIdle.append(continuation) }
                return state.underWay == 0
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Waits for ``close()``.
    ///
    /// - Throws: `CancellationError` where the task is cancelled first.
    func waitForClose() async throws {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    // The handler below runs either before this, and is seen here, or after it, and finds the continuation.
                    if state.isClosed || Task.isCancelled { return true }
                    state.waitingForClose[ticket] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waitingForClose.removeValue(forKey: ticket) }?.resume()
        }
        try Task.checkCancellation()
    }
}
