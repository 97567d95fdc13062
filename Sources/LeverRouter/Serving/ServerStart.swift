package import LeverCore
import Synchronization

/// The moment at which a host, or a router that stands alone, has started, for those who wait for it.
package final class ServerStart: Sendable {
    /// What is there from then on.
    package struct Started: Sendable {
        package let address: String
        package let router: Router
        /// `host:port` of the internal gateways that are there from the start.
        package let gateways: [EnvironmentName: String]

        package init(address: String, router: Router, gateways: [EnvironmentName: String] = [:]) {
            self.address = address
            self.router = router
            self.gateways = gateways
        }
    }

    private enum State {
        case idle([Int: CheckedContinuation<Started, any Error>])
        case starting([Int: CheckedContinuation<Started, any Error>])
        case done(Result<Started, any Error>)
    }

    private let state = Mutex((state: State.idle([:]), next: 0, isEnding: false))

    package init() {}

    /// Whether it has started and does not end yet.
    package var isReady: Bool {
        state.withLock { state in
            guard case .done(.success) = state.state else { return false }
            return !state.isEnding
        }
    }

    /// What is there, from the start to the end; `nil` before and after.
    var started: Started? {
        state.withLock { if case .done(.success(let started)) = $0.state { started } else { nil } }
    }

    /// Notes that it begins to end.
    package func end() {
        state.withLock { $0.isEnding = true }
    }

    /// Notes that it is run; `false` the second time.
    package func begin() -> Bool {
        state.withLock { state in
            guard case .idle(let waiting) = state.state else { return false }
            state.state = .starting(waiting)
            return true
        }
    }

    /// Says how the start ended, or that it has ended. The first failure stays: it says why.
    package func finish(_ result: Result<Started, any Error>) {
        let waiting: [Int: CheckedContinuation<Started, any Error>] = state.withLock { state in
            switch state.state {
            case .idle(let waiting), .starting(let waiting):
                state.state = .done(result)
                return waiting
            case .done(.success):
                state.state = .done(result)
                return [:]
            case .done(.failure):
                return [:]
            }
        }
        for continuation in waiting.values { continuation.resume(with: result) }
    }

    /// Waits for the start.
    ///
    /// - Throws: why it failed, `RuntimeError` `stopped` once it has ended, `CancellationError`.
    package func value() async throws -> Started {
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Started, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    switch state.state {
                    case .idle(var waiting):
                        waiting[ticket] = continuation
                        state.state = .idle(waiting)
                    case .starting(var waiting):
                        waiting[ticket] = continuation
                        state.state = .starting(waiting)
                    case .done(let result):
                        return result
                    }
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiting: CheckedContinuation<Started, any Error>? = state.withLock { state in
                switch state.state {
                case .idle(var waiting):
                    defer { state.state = .idle(waiting) }
                    return waiting.removeValue(forKey: ticket)
                case .starting(var waiting):
                    defer { state.state = .starting(waiting) }
                    return waiting.removeValue(forKey: ticket)
                case .done:
                    return nil
                }
            }
            waiting?.resume(throwing: CancellationError())
        }
    }
}
