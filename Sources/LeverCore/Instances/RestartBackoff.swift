/// How long a service whose instances fail is left alone before the next start: doubling, from 1 s to 60 s.
public struct RestartBackoff: Sendable, Equatable {
    /// The bounds of the wait.
    public struct Configuration: Sendable, Equatable {
        /// The wait after the first failure.
        public var initial: Duration = .seconds(1)
        /// The longest wait; an instance that was ready for this long counts as healthy and resets the count.
        public var maximum: Duration = .seconds(60)

        /// Makes the defaults.
        public init() {}
    }

    /// The bounds.
    public let configuration: Configuration
    /// Failures since the last success.
    public private(set) var failures = 0
    /// Until when nothing is started.
    public private(set) var until: ContinuousClock.Instant?

    /// Makes one without failures.
    public init(configuration: Configuration = .init()) {
        self.configuration = configuration
    }

    /// Counts an instance that ended by itself after it had been ready. The first one is replaced at once: it has shown that
    /// it can start.
    public mutating func crashed(at now: ContinuousClock.Instant) {
        if failures == 0 { failures = 1 } else { failed(at: now) }
    }

    /// Counts a start that failed.
    public mutating func failed(at now: ContinuousClock.Instant) {
        let doublings = min(failures, 20)
        failures += 1
        until = now + min(configuration.maximum, configuration.initial * (1 << doublings))
    }

    /// Forgets the failures.
    public mutating func succeeded() {
        failures = 0
        until = nil
    }

    /// Whether starting is to wait at this moment.
    public func isWaiting(at now: ContinuousClock.Instant) -> Bool {
        until.map { now < $0 } ?? false
    }
}
