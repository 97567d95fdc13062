internal import LeverCore
internal import Synchronization

/// What all calls of a client share of retries: the policies, the budget, and chance.
final class Retrier: Sendable {
    private struct State {
        var budget: RetryBudget
        var random = FastRandom(seed: .random(in: .min ... .max))
    }

    let policy: RetryPolicy
    let hedging: HedgingPolicy?
    private let state: Mutex<State>

    /// Hedging without retries takes the codes and the budget of the default policy, but no further attempts.
    init(_ retries: RetryPolicy?, _ hedging: HedgingPolicy?) {
        var policy = retries ?? .defaults
        if retries == nil { policy.maximumAttempts = 1 }
        self.policy = policy
        self.hedging = hedging
        state = Mutex(State(budget: RetryBudget(policy.budget)))
    }

    func succeeded() {
        state.withLock { $0.budget.succeeded() }
    }

    /// What to do about a call's failure.
    func action(for error: RPCError, _ schedule: inout RetrySchedule) -> RetrySchedule.Action {
        state.withLock { state in
            schedule.failed(error, at: .now, budget: &state.budget, random: &state.random)
        }
    }

    /// Tells a hedged call's schedule something, with the budget.
    func decide<Result: Sendable>(_ body: (inout RetryBudget) -> Result) -> Result {
        state.withLock { body(&$0.budget) }
    }
}
