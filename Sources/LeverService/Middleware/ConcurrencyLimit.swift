public import LeverCore
internal import Synchronization

/// Bounds how many calls run at once in what it stands around; the others are refused with RESOURCE_EXHAUSTED, so that what
/// cannot be served costs nothing.
///
/// ```swift
/// Method("Render") { (page: Page) in try await render(page) }
///     .middleware(ConcurrencyLimit(4))
/// ```
///
/// Channels count for as long as they are open.
public struct ConcurrencyLimit: ServiceMiddleware {
    private final class Running: Sendable {
        let calls = Atomic(0)
    }

    private let maximum: Int
    private let running = Running()

    /// Bounds the number of calls.
    ///
    /// - Parameter maximum: How many may run at once; at least 1, as a precondition.
    public init(_ maximum: Int) {
        precondition(maximum > 0, "the limit is \(maximum); it should be more than 0")
        self.maximum = maximum
    }

    /// Refuses a unary call past the limit.
    public func call(
        _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
    ) async throws -> RPCReply {
        try enter(context)
        defer { leave() }
        return try await next(context, arguments)
    }

    /// Refuses a channel past the limit.
    public func open(
        _ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel,
        next: @escaping ServiceDefinition.ChannelHandler
    ) async throws {
        try enter(context)
        defer { leave() }
        try await next(context, arguments, channel)
    }

    private func enter(_ context: CallContext) throws(RPCError) {
        guard running.calls.add(1, ordering: .relaxed).newValue > maximum else { return }
        leave()
        throw RPCError(.limitReached, "\"\(context.url.method)\" takes at most \(maximum) calls at once, and has them")
    }

    private func leave() {
        running.calls.subtract(1, ordering: .relaxed)
    }
}
