import LeverCore
import Testing

@Suite("Busy or dead") struct LivenessMonitorTests {
    private let start = ContinuousClock.now

    @Test func silenceKeepsCallsAwayAndAnAnswerBringsThemBack() {
        var monitor = LivenessMonitor(at: start)
        #expect(monitor.judge(at: start + .seconds(4.9), processorTime: .zero) == .responsive)
        #expect(monitor.judge(at: start + .seconds(5), processorTime: .zero) == .silent)
        monitor.heard(at: start + .seconds(6))
        #expect(monitor.judge(at: start + .seconds(6), processorTime: .zero) == .responsive)
    }

    @Test func stillInstanceIsDeadAfterTheTimeout() {
        var monitor = LivenessMonitor(at: start)
        for second in 0..<30 { _ = monitor.judge(at: start + .seconds(second), processorTime: .milliseconds(500)) }
        let verdict = monitor.judge(at: start + .seconds(30), processorTime: .milliseconds(510))
        #expect(verdict == .dead(how: "did not answer and did nothing for 30 s"))
    }

    @Test func busyInstanceLivesOnUpToTenMinutes() {
        var monitor = LivenessMonitor(at: start)
        for second in 0..<600 {
            let verdict = monitor.judge(at: start + .seconds(second), processorTime: .seconds(second))
            #expect(verdict == (second < 5 ? .responsive : .silent))
        }
        #expect(
            monitor.judge(at: start + .seconds(600), processorTime: .seconds(600))
                == .dead(how: "did not answer for 600 s"))
    }

    @Test func instanceThatStopsWorkingIsDeadThatMuchLater() {
        var monitor = LivenessMonitor(at: start)
        for second in 0...20 { _ = monitor.judge(at: start + .seconds(second), processorTime: .seconds(second)) }
        #expect(monitor.judge(at: start + .seconds(49), processorTime: .seconds(20)) == .silent)
        #expect(monitor.judge(at: start + .seconds(50), processorTime: .seconds(20)) != .silent)
    }

    @Test func timeInWhichTheHostItselfWasStoppedDoesNotCount() {
        var monitor = LivenessMonitor(at: start)
        monitor.paused(for: .seconds(40))
        #expect(monitor.judge(at: start + .seconds(42), processorTime: .seconds(1)) == .responsive)
        #expect(monitor.judge(at: start + .seconds(46), processorTime: .seconds(1)) == .silent)
    }

    @Test func firstLookAtTheProcessorTimeSaysNothing() {
        var monitor = LivenessMonitor(at: start)
        #expect(monitor.judge(at: start + .seconds(40), processorTime: .seconds(9)) == .silent)
    }

    @Test func withoutProcessorTimeSilenceDecides() {
        var monitor = LivenessMonitor(at: start)
        #expect(monitor.judge(at: start + .seconds(29), processorTime: nil) == .silent)
        #expect(monitor.judge(at: start + .seconds(30), processorTime: nil) != .silent)
    }
}
