extension CallContext {
    /// The call that the running task answers; `nil` outside the handlers of methods.
    ///
    /// Calls that a handler makes take their ``callID``, ``depth`` and ``deadline`` from it, so it is inherited by child
    /// tasks and by unstructured tasks, but not by detached ones.
    @TaskLocal public static var current: CallContext?

    /// The context of a call made on behalf of this one: the same call id, one level deeper, at the latest the same
    /// deadline. A relative address means this call's environment.
    ///
    /// - Parameters:
    ///   - url: Where the new call goes.
    ///   - deadline: The new call's own deadline, if it has one.
    public func nested(_ url: LeverURL, deadline: ContinuousClock.Instant? = nil) -> CallContext {
        var url = url
        url.environment = url.environment ?? self.url.environment
        let earliest =
            if let own = self.deadline, let deadline { min(own, deadline) } else { self.deadline ?? deadline }
        return CallContext(url: url, deadline: earliest, callID: callID, depth: depth + 1)
    }
}
