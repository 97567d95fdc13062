/// Where calls end: a service in this process, the administration of a host, an SDK's registered methods.
///
/// The transport calls a requirement once per call, in a task of that call. The task is cancelled when the caller goes away
/// or the deadline has passed; what is thrown or returned after that is dropped.
public protocol RPCHandler: Sendable {
    /// Answers a unary call.
    ///
    /// - Throws: ``RPCError`` to end the call with a status; any other error counts as a defect (INTERNAL) and its text
    ///   stays here. A method's own error is *returned*, as ``RPCReply/error(_:)``.
    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply

    /// Serves a channel until it returns.
    ///
    /// The channel has been accepted on the wire once the handler first sends, first receives or calls nothing and
    /// returns. Returning ends the channel with status 0; throwing ends it as for ``call(_:_:)``. To end with the
    /// method's own error, send ``ChannelMessage/error(_:)`` and return.
    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws
}
