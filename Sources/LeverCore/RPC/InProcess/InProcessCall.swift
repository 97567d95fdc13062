/// One unary call within the process: its handler's task, and the caller that waits for the first of an answer, the deadline
/// and a cancellation. What the handler gives after that is dropped.
///
/// The handler's task may begin on the caller's thread, so that a handler which answers without waiting costs neither a change
/// of threads nor a timer.
final class InProcessCall: Sendable {
    private let context: CallContext
    private let arguments: RPCArguments
    private let handler: any RPCHandler
    private let reply = FirstReply()

    init(_ context: CallContext, _ arguments: RPCArguments, _ handler: any RPCHandler) {
        self.context = context
        self.arguments = arguments
        self.handler = handler
    }

    /// Makes the call.
    ///
    /// - Parameter immediately: Whether the handler begins on this thread.
    func run(immediately: Bool) async throws -> RPCReply {
        try Task.checkCancellation()
        let handling = immediately ? begin() : Task { await handle() }
        if let result = reply.result { return try result.get() }
        reply.add(handling)
        if let deadline = context.deadline { reply.add(Task { await watch(deadline) }) }
        return try await reply.value()
    }

    private func begin() -> Task<Void, Never> {
        if #available(macOS 26, iOS 26, *) { Task.immediate { await handle() } } else { Task { await handle() } }
    }

    private func handle() async {
        do {
            reply.finish(.success(try await handler.call(context, arguments)))
        } catch {
            reply.finish(.failure(RPCError.thrown(error, by: context)))
        }
    }

    private func watch(_ deadline: ContinuousClock.Instant) async {
        try? await Task.sleep(until: deadline, clock: .continuous)
        guard !Task.isCancelled else { return }
        reply.finish(
            .failure(RPCError(.deadline, "\"\(context.url)\" was not answered in time", cause: CallUnanswered())))
    }
}
