/// Tells a busy instance from a dead one.
///
/// An instance that does not answer gets no new calls after a while, but it is ended only when it does nothing either: one
/// whose program computes for long cannot answer meanwhile, and ending it would lose work.
public struct LivenessMonitor: Sendable, Equatable {
    /// The bounds of silence.
    public struct Configuration: Sendable, Equatable {
        /// How long an instance may be silent before it gets no new calls.
        public var silenceTimeout: Duration = .seconds(5)
        /// How long it may be silent without using the processor before it counts as dead.
        public var livenessTimeout: Duration = .seconds(30)
        /// How long it may be silent however busy it is.
        public var busyTimeout: Duration = .seconds(600)

        /// Makes the defaults.
        public init() {}
    }

    /// What becomes of the instance.
    public enum Verdict: Sendable, Equatable {
        /// It takes calls.
        case responsive
        /// It gets no new calls.
        case silent
        /// It is to be ended; the text continues "instance …".
        case dead(how: String)
    }

    /// The bounds.
    public let configuration: Configuration
    private var answered: ContinuousClock.Instant
    private var progressed: ContinuousClock.Instant
    private var processorTime: Duration?

    /// Makes the monitor of an instance that has just answered.
    public init(at now: ContinuousClock.Instant, configuration: Configuration = .init()) {
        self.configuration = configuration
        answered = now
        progressed = now
    }

    /// The instance has answered.
    public mutating func heard(at now: ContinuousClock.Instant) {
        answered = max(answered, now)
    }

    /// Nobody could ask or hear for a while: the host itself was stopped, or the machine slept.
    public mutating func paused(for time: Duration) {
        answered += time
        progressed += time
    }

    /// Judges the instance; `processorTime` is all that it has used since its start, `nil` where that is not known.
    public mutating func judge(at now: ContinuousClock.Instant, processorTime: Duration?) -> Verdict {
        if processorTime != nil, self.processorTime == nil { progressed = now }
        // The kernel counts in ticks of 10 ms: less than two of them may be the question's own cost.
        if let time = processorTime, time - (self.processorTime ?? .zero) >= .milliseconds(20) {
            if self.processorTime != nil { progressed = now }
            self.processorTime = time
        } else if self.processorTime == nil {
            self.processorTime = processorTime
        }
        let silence = now - answered
        guard silence >= configuration.silenceTimeout else { return .responsive }
        if silence >= configuration.busyTimeout { return .dead(how: "did not answer for \(silence.seconds) s") }
        let stillness = min(silence, now - progressed)
        if stillness >= configuration.livenessTimeout {
            return .dead(how: "did not answer and did nothing for \(stillness.seconds) s")
        }
        return .silent
    }
}

extension Duration {
    /// Whole seconds, for messages.
    fileprivate var seconds: Int64 { components.seconds }
}
