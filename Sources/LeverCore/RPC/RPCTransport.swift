/// Where calls start: something that carries them to a handler elsewhere, over a network or within the process.
public protocol RPCTransport: Sendable {
    /// Makes a unary call. Cancelling the task cancels the call at its handler.
    ///
    /// - Throws: ``RPCError`` when the call did not come to a reply; `CancellationError` when the task was cancelled.
    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply

    /// Opens a channel; returns once the handler has accepted it.
    ///
    /// - Throws: as ``call(_:_:)``.
    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel
}
