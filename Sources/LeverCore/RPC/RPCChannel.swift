/// One end of an open channel: messages both ways, with back-pressure.
///
/// Life cycle: `open → halfClosed (either side finished) → closed`. Both ends see the same protocol; in the caller's hands
/// ``receive()`` ends when the method has returned, in the method's hands when the caller has finished sending.
/// One task may send while another receives; each of the two calls must not overlap itself.
public protocol RPCChannel: AnyObject, Sendable {
    /// Says, in a method's hands, that the channel is open, for a method that may send nothing for a while: its caller waits
    /// for this. The first ``send(_:)`` or ``receive()`` says it, too. Does nothing the second time, and in a caller's hands.
    func accept() async throws

    /// Sends one message; returns when there is room for another (the peer's window bounds what is under way).
    ///
    /// - Throws: ``RPCError`` when the channel is closed, `CancellationError` when the task is cancelled while it waits.
    func send(_ message: ChannelMessage) async throws

    /// The next message; `nil` once the peer has finished and everything before was delivered.
    ///
    /// - Throws: ``RPCError`` when the channel ended with a status other than 0 or was lost; `CancellationError` when the
    ///   task is cancelled while it waits (the channel stays usable).
    func receive() async throws -> ChannelMessage?

    /// Says that this end sends nothing more; receiving goes on. Does nothing the second time.
    func finish() async throws

    /// Ends both directions at once: the peer sees a cancelled stream. Does nothing on a closed channel.
    func cancel()
}

extension RPCChannel {
    /// Does nothing, as fits a caller's end.
    public func accept() async throws {}
}
