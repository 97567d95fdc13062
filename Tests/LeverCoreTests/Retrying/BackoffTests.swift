import LeverCore
import Testing

@Suite struct BackoffTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func theWaitGrowsToItsBoundWithJitter(seed: UInt64) {
        let backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1), multiplier: 3)
        var random = FastRandom(seed: seed)
        for (failures, whole) in [(1, 100), (2, 300), (3, 900), (4, 1000), (5, 1000), (1_000_000, 1000)] {
            let wait = backoff.wait(after: failures, random: &random)
            #expect(wait >= .milliseconds(whole) / 2 && wait <= .milliseconds(whole), "\(failures) failures: \(wait)")
        }
    }

    @Test func waitsDiffer() {
        let backoff = Backoff(initial: .seconds(1), maximum: .seconds(1))
        var random = FastRandom(seed: 7)
        let waits = Set((0..<100).map { _ in backoff.wait(after: 3, random: &random) })
        #expect(waits.count > 90)
    }

    @Test func aConstantBackoffMayBeAskedAfterManyFailures() {
        var random = FastRandom(seed: 1)
        let backoff = Backoff(initial: .milliseconds(1), maximum: .seconds(3600), multiplier: 1.000_001)
        #expect(backoff.wait(after: 10_000, random: &random) <= .milliseconds(2))
    }

    @Test func boundsAreChecked() {
        for (backoff, name) in [
            (Backoff(initial: .zero, maximum: .seconds(1)), "0.0 seconds"),
            (Backoff(initial: .seconds(2), maximum: .seconds(1)), "2.0 seconds"),
            (Backoff(initial: .seconds(1), maximum: .seconds(1), multiplier: 0.5), "0.5"),
            (Backoff(initial: .seconds(1), maximum: .seconds(1), multiplier: .infinity), "inf"),
        ] {
            let error = #expect(throws: RuntimeError.self) { try backoff.validate() }
            #expect(error?.message.contains(name) == true)
        }
    }
}
