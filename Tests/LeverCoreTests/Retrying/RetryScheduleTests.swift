import LeverCore
import Testing

@Suite struct RetryScheduleTests {
    private var budget = RetryBudget()
    private var random = FastRandom(seed: 3)
    private let start = ContinuousClock.now

    private static let notBegun = RPCError(.queueFull, "10 calls wait already")
    private static let lost = RPCError(.instanceDied, "the instance died")

    private mutating func decide(
        _ schedule: inout RetrySchedule, _ error: RPCError, after: Duration = .zero
    ) -> RetrySchedule.Action {
        schedule.failed(error, at: start + after, budget: &budget, random: &random)
    }

    private func schedule(
        idempotent: Bool = false, deadline: Duration? = nil, _ change: (inout RetryPolicy) -> Void = { _ in }
    ) -> RetrySchedule {
        var policy = RetryPolicy.defaults
        change(&policy)
        return RetrySchedule(policy, isIdempotent: idempotent, deadline: deadline.map { start + $0 })
    }

    private func waits(_ action: RetrySchedule.Action) -> Bool {
        if case .retry = action { true } else { false }
    }

    // MARK: What is repeated

    @Test mutating func aCallThatWasNotBegunIsMadeAgainWhateverItDoes() {
        for reason in [RPCError.Reason.queueFull, .startFailed, .unreachable] {
            var schedule = schedule()
            #expect(waits(decide(&schedule, RPCError(reason, "no"))))
        }
    }

    @Test mutating func aCallThatMayHaveBegunIsMadeAgainOnlyWhereItMayRunTwice() {
        var once = schedule()
        #expect(decide(&once, Self.lost) == .giveUp)
        var twice = schedule(idempotent: true)
        #expect(waits(decide(&twice, Self.lost)))
    }

    @Test mutating func onlyTheCodesOfThePolicyAreRepeated() {
        for reason in [RPCError.Reason.noService, .badMessage, .defect, .limitReached, .conflict, .cancelled] {
            var schedule = schedule(idempotent: true)
            #expect(decide(&schedule, RPCError(reason, "no")) == .giveUp)
        }
        var other = schedule(idempotent: true) { $0.retryableCodes = [.aborted] }
        #expect(waits(decide(&other, RPCError(code: .aborted, message: "", origin: .instance))))
        #expect(decide(&other, Self.lost) == .giveUp)
        // What did not begin is repeated whatever the codes are.
        #expect(waits(decide(&other, Self.notBegun)))
    }

    @Test mutating func whatAnInstanceSaysOfItselfIsNoProofThatItDidNotBegin() {
        var schedule = schedule()
        let error = RPCError(code: .unavailable, message: "", reason: .queueFull, origin: .instance)
        #expect(decide(&schedule, error) == .giveUp)
        #expect(!error.didNotBegin)
    }

    @Test mutating func aPassedDeadlineIsNotTriedAgain() {
        var schedule = schedule(idempotent: true) { $0.retryableCodes = [.deadlineExceeded] }
        #expect(decide(&schedule, RPCError(.deadline, "too late")) == .giveUp)
    }

    // MARK: How often, and when

    @Test mutating func attemptsAndWaitsAreBounded() {
        var schedule = schedule { policy in
            policy.maximumAttempts = 4
            policy.backoff = Backoff(initial: .milliseconds(100), maximum: .milliseconds(300))
        }
        for (attempt, whole) in [(1, 100), (2, 200), (3, 300)] {
            #expect(schedule.attempts == attempt)
            guard case .retry(let wait) = decide(&schedule, Self.notBegun) else {
                Issue.record("attempt \(attempt) was the last")
                return
            }
            #expect(wait >= .milliseconds(whole / 2) && wait <= .milliseconds(whole))
        }
        #expect(decide(&schedule, Self.notBegun) == .giveUp)
        #expect(schedule.attempts == 4)
    }

    @Test mutating func noAttemptBeginsPastTheDeadline() {
        var schedule = schedule(deadline: .milliseconds(500)) { policy in
            policy.backoff = Backoff(initial: .milliseconds(400), maximum: .milliseconds(400))
        }
        #expect(waits(decide(&schedule, Self.notBegun, after: .milliseconds(50))))
        #expect(decide(&schedule, Self.notBegun, after: .milliseconds(300)) == .giveUp)
        #expect(schedule.attempts == 2)
    }

    // MARK: The budget

    @Test mutating func retriesStopWhereMostCallsFail() {
        var retries = 0
        for _ in 0..<100 {
            var schedule = schedule()
            if waits(decide(&schedule, Self.notBegun)) { retries += 1 }
        }
        // 20 tokens: the tenth failure leaves half of them.
        #expect(retries == 9)
        for _ in 0..<120 { budget.succeeded() }
        var schedule = schedule()
        #expect(waits(decide(&schedule, Self.notBegun)))
    }

    @Test func theBudgetStaysWithinItsBounds() {
        var bounds = RetryBudget.Configuration()
        bounds.tokens = 3
        bounds.ratio = 0.5
        var budget = RetryBudget(bounds)
        for _ in 0..<10 { budget.failed() }
        #expect(budget.tokens == 0)
        #expect(!budget.allowsRetry)
        for _ in 0..<100 { budget.succeeded() }
        #expect(budget.tokens == 3)
        #expect(budget.allowsRetry)
    }

    @Test mutating func failuresThatNoRetryMendsCostNothing() {
        var schedule = schedule()
        #expect(decide(&schedule, RPCError(.noService, "no")) == .giveUp)
        #expect(budget.tokens == 20)
    }

    @Test func valuesAreChecked() {
        let changes: [(String, (inout RetryPolicy) -> Void)] = [
            ("maximumAttempts is 0", { $0.maximumAttempts = 0 }),
            ("maximumAttempts is 101", { $0.maximumAttempts = 101 }),
            ("back-off", { $0.backoff.initial = .seconds(-1) }), ("0.0 tokens", { $0.budget.tokens = 0 }),
            ("ratio nan", { $0.budget.ratio = .nan }),
        ]
        for (text, change) in changes {
            var policy = RetryPolicy.defaults
            change(&policy)
            let error = #expect(throws: RuntimeError.self) { try policy.validate() }
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        }
    }
}
