internal import Dispatch

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Ctrl-C.
enum Interrupt {
    /// Runs `body` in a task that the first SIGINT or SIGTERM cancels, so that a call is ended in order; the second one ends
    /// the process.
    ///
    /// - Throws: `CancellationError` after a signal, otherwise what `body` throws.
    static func cancelling<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await body() }
        let sources = [SIGINT, SIGTERM].map { number in
            // The source needs the default action out of its way, until it has fired once.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                signal(number, SIG_DFL)
                task.cancel()
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        do {
            return try await task.value
        } catch  where task.isCancelled {
            // The call says in its own words that it was cancelled.
            throw CancellationError()
        }
    }
}
