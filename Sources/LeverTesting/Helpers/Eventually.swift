/// Asks again and again until a condition holds, in real time; for what a test cannot wait for otherwise.
///
/// ```swift
/// try await #require(eventually { journal.contains("opened") })
/// ```
///
/// - Parameters:
///   - limit: When to give up; long enough for the slowest machine, since nothing is lost by waiting.
///   - condition: What is to hold.
/// - Returns: Whether it came to hold.
/// - Throws: What the condition throws; `CancellationError` when the task is cancelled.
public nonisolated(nonsending) func eventually(
    within limit: Duration = .seconds(30), _ condition: nonisolated(nonsending) () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + limit
    var pause = Duration.milliseconds(1)
    while true {
        if try await condition() { return true }
        guard ContinuousClock.now < end else { return false }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(10))
    }
}
