import LeverTesting
import Testing

@Suite struct TestClockTests {
    @Test func sleepersWakeInTheirOrderAndNotBefore() async throws {
        let clock = TestClock()
        let woken = Journal()
        try await withTaskExecutorPreference(clock.executor) {
            try await withThrowingTaskGroup { group in
                for (name, seconds) in [("c", 3), ("a", 1), ("b", 2), ("b2", 2)] {
                    group.addTask { [clock] in
                        try await clock.sleep(for: .seconds(seconds))
                        woken.add("\(name) at \(clock.elapsed)")
                    }
                }
                await clock.settle()
                #expect(woken.all == [])
                await clock.advance(by: .milliseconds(1999))
                #expect(woken.all == ["a at 1.0 seconds"])
                await clock.advance(by: .seconds(10))
                try await group.waitForAll()
            }
        }
        #expect(
            woken.all == [
                "a at 1.0 seconds", "b at 2.0 seconds", "b2 at 2.0 seconds", "c at 3.0 seconds",
            ])
        #expect(clock.elapsed == .milliseconds(11_999))
    }

    @Test func sleepingEndsWithTheTask() async throws {
        let clock = TestClock()
        let task = Task(executorPreference: clock.executor) { try await clock.sleep(for: .seconds(1)) }
        await clock.settle()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // What was never slept out leaves nothing that the time would stop at.
        await clock.advance(by: .seconds(5))
        #expect(clock.elapsed == .seconds(5))
    }

    @Test func whatHasPassedIsNotWaitedFor() async throws {
        let clock = TestClock()
        await clock.advance(by: .seconds(5))
        try await clock.sleep(until: clock.start + .seconds(4))
        await clock.advance(to: clock.start)
        #expect(clock.elapsed == .seconds(5))
    }

    @Test func actorsOfSleepersAreWaitedFor() async throws {
        actor Counter {
            var count = 0
            func run(_ clock: TestClock) async throws {
                for _ in 1...100 {
                    try await clock.sleep(for: .seconds(1))
                    count += 1
                }
            }
        }
        let clock = TestClock()
        let counter = Counter()
        let task = Task(executorPreference: clock.executor) { try await counter.run(clock) }
        await clock.advance(by: .seconds(50))
        #expect(await counter.count == 50)
        await clock.advance(by: .seconds(50))
        try await task.value
        #expect(await counter.count == 100)
    }
}
