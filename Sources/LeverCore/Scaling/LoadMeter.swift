/// Measures the time-weighted mean of something that is counted up and down, like calls in progress.
///
/// A call that comes and goes between two looks counts for the time that it took, which looking from time to time would miss.
/// Two numbers and a time, however many changes there are.
public struct LoadMeter: Sendable, Equatable {
    /// How many there are.
    public private(set) var count = 0
    private var changed: ContinuousClock.Instant
    private var taken: ContinuousClock.Instant
    private var integral = 0.0

    /// Starts to measure; nothing is there.
    public init(at start: ContinuousClock.Instant) {
        changed = start
        taken = start
    }

    /// Counts some in, or out when negative.
    public mutating func add(_ change: Int, at now: ContinuousClock.Instant) {
        pass(now)
        count += change
    }

    /// Returns the mean since it was last taken, and begins anew; where no time has passed, what there is now.
    public mutating func takeMean(at now: ContinuousClock.Instant) -> Double {
        pass(now)
        let seconds = (now - taken).inSeconds
        let mean = seconds > 0 ? integral / seconds : Double(count)
        taken = max(taken, now)
        integral = 0
        return mean
    }

    private mutating func pass(_ now: ContinuousClock.Instant) {
        guard now > changed else { return }
        integral += Double(count) * (now - changed).inSeconds
        changed = now
    }
}
