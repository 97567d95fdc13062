package import LeverCore

/// Who follows the calls of an ``HTTP2RPCTransport``; called on the endpoint's event loop.
package protocol RPCCallObserver: AnyObject, Sendable {
    /// A call is handed to the endpoint, and can be ended from now on.
    func callBegan(_ call: any EndableCall)

    /// The call is over at the peer, as far as this end is concerned: a unary call has its answer or was given up, a channel's
    /// stream has ended. Comes once after ``callBegan(_:)``, before the task goes on. With `mayRepeat` it was certainly not
    /// begun, and its error has the cause ``CallNotBegun``.
    func callEnded(mayRepeat: Bool)
}

/// A call that others than its task can end. Confined to its event loop.
package protocol EndableCall: AnyObject {
    /// Ends the call for its caller with an error and resets its stream; does nothing where it is over.
    func end(with error: RPCError)
}
