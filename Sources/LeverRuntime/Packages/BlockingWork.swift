import LeverCore
import NIOPosix

/// Runs what blocks on threads of its own, away from event loops and from the tasks' pool.
///
/// Work that was begun or is waiting takes place even where the task is cancelled: cancelled deployments have to clean up.
struct BlockingWork: Sendable {
    let threads: NIOThreadPool

    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            threads.submit { state in
                switch state {
                case .active: continuation.resume(with: Result(catching: body))
                case .cancelled:
                    continuation.resume(throwing: RuntimeError(.stopped, "the threads for files have been stopped"))
                }
            }
        }
    }
}
