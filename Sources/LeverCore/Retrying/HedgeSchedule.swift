/// Decides for one hedged call when it is made once more, and when its failure is final.
///
/// An attempt that failed in a way that another could mend is followed by the next one at once; the time until the one after
/// that begins anew (gRPC's design A6, "Hedging").
public struct HedgeSchedule: Sendable, Equatable {
    /// What to do next.
    public enum Action: Sendable, Equatable {
        /// Make the call once more, beside the attempts that are open.
        case attempt
        /// Come back with ``timerFired(_:budget:)`` and this number after the time.
        case wait(Duration, timer: Int)
        /// The last failure is the call's; what is still open is cancelled.
        case giveUp
    }

    /// The rules.
    public let policy: HedgingPolicy
    /// The attempts made so far.
    public private(set) var attempts = 1
    /// The attempts that are not over.
    public private(set) var open = 1
    private var timer = 0

    /// Begins with a call's first attempt.
    public init(_ policy: HedgingPolicy) {
        self.policy = policy
    }

    /// The first attempt has been made.
    public mutating func begin() -> [Action] {
        armed()
    }

    /// The time until another attempt is over.
    public mutating func timerFired(_ number: Int, budget: RetryBudget) -> [Action] {
        guard number == timer else { return [] }
        return next(budget)
    }

    /// An attempt has failed; `isFinal` where no other one could or may do better.
    public mutating func failed(isFinal: Bool, budget: inout RetryBudget) -> [Action] {
        open -= 1
        guard !isFinal else { return [.giveUp] }
        budget.failed()
        let actions = next(budget)
        return actions.isEmpty && open == 0 ? [.giveUp] : actions
    }

    private mutating func next(_ budget: RetryBudget) -> [Action] {
        guard attempts < policy.maximumAttempts, budget.allowsRetry else { return [] }
        attempts += 1
        open += 1
        return [.attempt] + armed()
    }

    private mutating func armed() -> [Action] {
        timer += 1
        return attempts < policy.maximumAttempts ? [.wait(policy.delay, timer: timer)] : []
    }
}
