/// Decides for one call whether it is made again after a failure, and when.
public struct RetrySchedule: Sendable {
    /// What to do after a failure.
    public enum Action: Sendable, Equatable {
        /// Make the call again after this time.
        case retry(after: Duration)
        /// The failure is the call's.
        case giveUp
    }

    /// The rules.
    public let policy: RetryPolicy
    /// Whether the method may run twice.
    public let isIdempotent: Bool
    /// When the caller stops waiting.
    public let deadline: ContinuousClock.Instant?
    /// The attempts made so far.
    public private(set) var attempts = 1

    /// Begins with a call's first attempt.
    public init(_ policy: RetryPolicy, isIdempotent: Bool, deadline: ContinuousClock.Instant?) {
        self.policy = policy
        self.isIdempotent = isIdempotent
        self.deadline = deadline
    }

    /// An attempt has failed.
    public mutating func failed(
        _ error: RPCError, at now: ContinuousClock.Instant, budget: inout RetryBudget,
        random: inout some RandomNumberGenerator
    ) -> Action {
        guard policy.allowsRetry(after: error, isIdempotent: isIdempotent) else { return .giveUp }
        budget.failed()
        guard attempts < policy.maximumAttempts, budget.allowsRetry else { return .giveUp }
        let wait = policy.backoff.wait(after: attempts, random: &random)
        // An attempt that cannot be answered in time only hides what went wrong.
        if let deadline, now + wait >= deadline { return .giveUp }
        attempts += 1
        return .retry(after: wait)
    }
}

extension RetryPolicy {
    /// Whether a failure is one that another attempt could mend and may try to.
    public func allowsRetry(after error: RPCError, isIdempotent: Bool) -> Bool {
        // A deadline that has passed stays passed.
        guard error.reason != .deadline else { return false }
        return error.didNotBegin || (isIdempotent && retryableCodes.contains(error.code))
    }
}
