import LeverCore
import Testing

@Suite struct HedgeScheduleTests {
    private var budget = RetryBudget()
    private let delay = Duration.milliseconds(30)

    @Test func attemptsFollowEachOtherAfterTheDelay() {
        var schedule = HedgeSchedule(HedgingPolicy(delay: delay, maximumAttempts: 3))
        #expect(schedule.begin() == [.wait(delay, timer: 1)])
        #expect(schedule.timerFired(1, budget: budget) == [.attempt, .wait(delay, timer: 2)])
        #expect(schedule.timerFired(2, budget: budget) == [.attempt])
        #expect(schedule.attempts == 3)
        #expect(schedule.open == 3)
    }

    @Test mutating func aFailureIsFollowedByTheNextAttemptAtOnce() {
        var schedule = HedgeSchedule(HedgingPolicy(delay: delay, maximumAttempts: 3))
        _ = schedule.begin()
        #expect(schedule.failed(isFinal: false, budget: &budget) == [.attempt, .wait(delay, timer: 2)])
        // The time that began with the first attempt is over, too, but does not count any more.
        #expect(schedule.timerFired(1, budget: budget) == [])
        #expect(schedule.timerFired(2, budget: budget) == [.attempt])
    }

    @Test mutating func theLastFailureIsTheCalls() {
        var schedule = HedgeSchedule(HedgingPolicy(delay: delay, maximumAttempts: 2))
        _ = schedule.begin()
        _ = schedule.timerFired(1, budget: budget)
        // The other attempt may still be answered.
        #expect(schedule.failed(isFinal: false, budget: &budget) == [])
        #expect(schedule.failed(isFinal: false, budget: &budget) == [.giveUp])
    }

    @Test mutating func aFinalFailureEndsAllAttempts() {
        var schedule = HedgeSchedule(HedgingPolicy(delay: delay, maximumAttempts: 3))
        _ = schedule.begin()
        _ = schedule.timerFired(1, budget: budget)
        #expect(schedule.failed(isFinal: true, budget: &budget) == [.giveUp])
        #expect(budget.tokens == 20)
    }

    @Test mutating func aSpentBudgetAllowsNoFurtherAttempt() {
        for _ in 0..<10 { budget.failed() }
        var schedule = HedgeSchedule(HedgingPolicy(delay: delay, maximumAttempts: 3))
        #expect(schedule.begin() == [.wait(delay, timer: 1)])
        #expect(schedule.timerFired(1, budget: budget) == [])
        #expect(schedule.failed(isFinal: false, budget: &budget) == [.giveUp])
        #expect(schedule.attempts == 1)
    }

    @Test func valuesAreChecked() {
        for policy in [
            HedgingPolicy(delay: .seconds(-1)), HedgingPolicy(delay: .zero, maximumAttempts: 1),
            HedgingPolicy(delay: .zero, maximumAttempts: 101),
        ] {
            #expect(throws: RuntimeError.self) { try policy.validate() }
        }
    }
}
