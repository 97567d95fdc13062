import LeverCore
import Testing

@testable import LeverRuntime

/// What is made of the silence of an instance.
@Suite("Watching an instance") struct InstanceWatchTests {
    private let start = ContinuousClock.now
    private let interval: Duration = .seconds(2)

    private func watch() -> InstanceWatch {
        InstanceWatch(at: start, interval: interval, liveness: LivenessMonitor.Configuration())
    }

    @Test func silenceIsSaidOnceAndItsEndToo() {
        var watch = watch()
        var changes: [InstanceWatch.Change] = []
        for turn in 1...4 {
            let now = start + interval * turn
            if let change = watch.woke(at: now, asked: now - interval, lastAnswer: start, { .zero }) {
                changes.append(change)
            }
        }
        #expect(changes == [.silent])
        let now = start + interval * 5
        #expect(watch.woke(at: now, asked: now - interval, lastAnswer: now, { .zero }) == .heard)
        #expect(watch.woke(at: now + interval, asked: now, lastAnswer: now, { .zero }) == nil)
    }

    @Test func aHostThatSleptDoesNotCountItsOwnPause() {
        var watch = watch()
        // It asked, and woke an hour later: the instance could not have been heard.
        let woke = start + .seconds(3600)
        #expect(watch.woke(at: woke, asked: start, lastAnswer: start, { .zero }) == nil)
        #expect(watch.woke(at: woke + interval, asked: woke, lastAnswer: woke, { .zero }) == nil)
        // From then on its silence counts.
        var changes: [InstanceWatch.Change] = []
        for turn in 1...20 {
            let now = woke + interval * turn
            if let change = watch.woke(at: now, asked: now - interval, lastAnswer: woke, { .zero }) {
                changes.append(change)
                if case .dead = change { break }
            }
        }
        #expect(changes.first == .silent)
        guard case .dead? = changes.last else {
            Issue.record("it never counted as dead: \(changes)")
            return
        }
    }

    @Test func theProcessorTimeOfWhoeverAnswersIsNotLookedAt() {
        var watch = watch()
        var looks = 0
        for turn in 1...3 {
            let now = start + interval * turn
            _ = watch.woke(at: now, asked: now - interval, lastAnswer: now - .milliseconds(1)) {
                looks += 1
                return .zero
            }
        }
        #expect(looks == 0)
    }
}
