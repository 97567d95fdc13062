import LeverCore

/// What the host makes of the answers of one instance, which it asks at a steady pace. A value: the shell sleeps and asks.
struct InstanceWatch {
    /// What is news.
    enum Change: Equatable {
        /// The instance has not answered for a while.
        case silent
        /// It answers again.
        case heard
        /// It counts as dead.
        case dead(how: String)
    }

    private let interval: Duration
    private var monitor: LivenessMonitor
    private var isSilent = false

    /// Begins with an instance that has just answered.
    init(at now: ContinuousClock.Instant, interval: Duration, liveness: LivenessMonitor.Configuration) {
        self.interval = interval
        monitor = LivenessMonitor(at: now, configuration: liveness)
    }

    /// The interval after a question is over.
    ///
    /// - Parameters:
    ///   - asked: when that began. Where it took far longer than it should, the host itself was stopped or the machine slept,
    ///     and so nobody could answer: that is no silence of the instance.
    ///   - processorTime: looked at for instances that are late alone, since it costs a look at all processes.
    mutating func woke(
        at now: ContinuousClock.Instant, asked: ContinuousClock.Instant, lastAnswer: ContinuousClock.Instant,
        _ processorTime: () -> Duration?
    ) -> Change? {
        let slept = now - asked
        if slept > interval * 2 { monitor.paused(for: slept - interval) }
        monitor.heard(at: lastAnswer)
        let isLate = now - lastAnswer > interval * 2
        switch monitor.judge(at: now, processorTime: isLate ? processorTime() : nil) {
        case .responsive:
            defer { isSilent = false }
            return isSilent ? .heard : nil
        case .silent:
            defer { isSilent = true }
            return isSilent ? nil : .silent
        case .dead(let how):
            return .dead(how: how)
        }
    }
}
