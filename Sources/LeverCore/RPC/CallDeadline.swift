/// The deadline of all calls that the running task makes, beside what each call and the client's configuration say: the
/// earliest counts. Set it with ``withCallDeadline(_:operation:)`` or ``withCallTimeout(_:operation:)``; child tasks and
/// unstructured tasks inherit it.
public enum CallDeadline {
    /// When callers in this task stop waiting; `nil` for no such deadline.
    @TaskLocal public static var current: ContinuousClock.Instant?

    /// The earlier of two deadlines, `nil` being none.
    package static func earlier(
        _ one: ContinuousClock.Instant?, _ other: ContinuousClock.Instant?
    ) -> ContinuousClock.Instant? {
        if let one, let other { min(one, other) } else { one ?? other }
    }
}

/// Gives all calls that are made within the operation a deadline: unary calls and channels, those made by child tasks as well.
/// An earlier deadline from outside stays in force.
///
/// A call that is still open then ends with an ``RPCError`` of the reason ``RPCError/Reason/deadline``. What else the operation
/// does is not interrupted.
///
/// - Throws: what the operation throws.
public nonisolated(nonsending) func withCallDeadline<Result>(
    _ deadline: ContinuousClock.Instant, operation: nonisolated(nonsending) () async throws -> Result
) async rethrows -> Result {
    let earliest = CallDeadline.earlier(CallDeadline.current, deadline)
    return try await CallDeadline.$current.withValue(earliest, operation: operation)
}

/// Gives all calls that are made within the operation this much time together, from now on.
///
/// ```swift
/// let (profile, posts) = try await withCallTimeout(.seconds(2)) {
///     async let profile = users.invoke("Profile", id, as: Profile.self)
///     async let posts = blog.invoke("Latest", id, as: [Post].self)
///     return try await (profile, posts)
/// }
/// ```
///
/// - Throws: what the operation throws; see ``withCallDeadline(_:operation:)``.
public nonisolated(nonsending) func withCallTimeout<Result>(
    _ timeout: Duration, operation: nonisolated(nonsending) () async throws -> Result
) async rethrows -> Result {
    try await withCallDeadline(.now + timeout, operation: operation)
}
