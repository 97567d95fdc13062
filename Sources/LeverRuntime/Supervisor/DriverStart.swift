import LeverCore
import Synchronization

/// The start of one instance by its driver. It can be given up: the driver's task is cancelled then, and where the driver does
/// not return in time, nobody waits for it any more; what it returns after that is killed.
final class DriverStart: Sendable {
    private enum State {
        case idle(isCancelled: Bool)
        case running(CheckedContinuation<any DriverInstance, any Error>, Task<Void, Never>?, isCancelled: Bool)
        case over
    }

    private let specification: InstanceSpecification
    private let driver: any ContainerDriver
    private let patience: Duration
    private let state = Mutex(State.idle(isCancelled: false))

    /// Makes a start that has not begun; `patience` is how long the driver may take to give it up.
    init(_ specification: InstanceSpecification, _ driver: any ContainerDriver, patience: Duration) {
        self.specification = specification
        self.driver = driver
        self.patience = patience
    }

    /// Asks the driver and waits for the instance; once.
    ///
    /// - Throws: what the driver throws; `CancellationError` where the start was given up before it began;
    ///   `RuntimeError` with `RuntimeError.Code.driver` where the driver goes on regardless.
    func run() async throws -> any DriverInstance {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let begins = state.withLock { state in
                    guard case .idle(isCancelled: false) = state else {
                        state = .over
                        return false
                    }
                    state = .running(continuation, nil, isCancelled: false)
                    return true
                }
                if begins { begin() } else { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            cancel()
        }
    }

    private func begin() {
        let task = Task { [self] in
            let result: Result<any DriverInstance, any Error>
            do { result = .success(try await driver.start(specification)) } catch { result = .failure(error) }
            // Nobody knows of an instance that comes too late.
            if !finish(result), case .success(let instance) = result { instance.terminate(grace: .zero) }
        }
        let isCancelled = state.withLock { state in
            guard case .running(let continuation, _, let isCancelled) = state else { return false }
            state = .running(continuation, task, isCancelled: isCancelled)
            return isCancelled
        }
        if isCancelled { giveUp(task) }
    }

    /// Gives the start up.
    func cancel() {
        let task: Task<Void, Never>? = state.withLock { state in
            switch state {
            case .idle:
                state = .idle(isCancelled: true)
                return nil
            case .running(let continuation, let task, isCancelled: false):
                state = .running(continuation, task, isCancelled: true)
                return task
            case .running, .over:
                return nil
            }
        }
        if let task { giveUp(task) }
    }

    private func giveUp(_ task: Task<Void, Never>) {
        task.cancel()
        // Outlives nothing: it ends with its time, and the start is over by then.
        Task { [self] in
            try? await Task.sleep(for: patience)
            let error = RuntimeError(
                .driver,
                "driver \(driver.name) did not give up the start of instance \(specification.id) of "
                    + "\(specification.service) within \(patience)")
            finish(.failure(error))
        }
    }

    /// Ends the wait; `false` where it had ended before.
    @discardableResult
    private func finish(_ result: Result<any DriverInstance, any Error>) -> Bool {
        let continuation: CheckedContinuation<any DriverInstance, any Error>? = state.withLock { state in
            guard case .running(let continuation, _, _) = state else { return nil }
            state = .over
            return continuation
        }
        continuation?.resume(with: result)
        return continuation != nil
    }
}
