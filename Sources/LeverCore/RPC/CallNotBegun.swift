/// The cause of an error of a call that certainly was not begun at its peer, so that it may be tried elsewhere. An error that
/// came from the peer, whatever its reason says, has no such cause.
package struct CallNotBegun: Error {
    /// Whether the peer was reached and refused the call; if not, the call has not been any load to it.
    package let wasReached: Bool

    package init(wasReached: Bool = false) {
        self.wasReached = wasReached
    }
}

/// The cause of an error of a call that its peer may have begun, and that ended without an answer: the connection was lost, the
/// call was reset, or the time was over.
package struct CallUnanswered: Error {
    package init() {}
}

extension RPCError {
    /// Whether the call certainly was not begun by any instance, so that even one that may not happen twice can be made again:
    /// it did not leave this process or was refused unread, or the host says that it found no instance to give it to.
    public var didNotBegin: Bool {
        if cause is CallNotBegun { return true }
        guard origin == .platform, !(cause is CallUnanswered) else { return false }
        switch reason {
        case .queueFull?, .startFailed?, .unreachable?: return true
        default: return false
        }
    }
}
