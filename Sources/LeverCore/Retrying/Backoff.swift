/// How long to wait after failures in a row: growing from a first to a longest wait, with jitter, so that many that failed at
/// one moment do not come back at one moment.
public struct Backoff: Sendable, Hashable {
    /// The wait after the first failure.
    public var initial: Duration
    /// The longest wait.
    public var maximum: Duration
    /// What each further failure makes of the wait.
    public var multiplier: Double

    /// Makes a back-off of its bounds.
    public init(initial: Duration, maximum: Duration, multiplier: Double = 2) {
        self.initial = initial
        self.maximum = maximum
        self.multiplier = multiplier
    }

    /// How long to wait after this many failures in a row: a random time between half of what has grown and all of it.
    public func wait(after failures: Int, random: inout some RandomNumberGenerator) -> Duration {
        var wait = initial
        var left = failures - 1
        while left > 0, wait < maximum {
            wait = wait * multiplier
            left -= 1
        }
        return min(wait, maximum) * Double.random(in: 0.5...1, using: &random)
    }

    /// Checks the bounds.
    ///
    /// - Throws: ``RuntimeError`` that names the value and the rule that it breaks.
    public func validate() throws(RuntimeError) {
        guard initial > .zero, maximum >= initial else {
            throw RuntimeError(
                .invalidConfiguration,
                "a back-off from \(initial) to \(maximum) should begin above zero and not shrink")
        }
        guard multiplier >= 1, multiplier.isFinite else {
            throw RuntimeError(
                .invalidConfiguration, "the multiplier of a back-off is \(multiplier); it should be at least 1")
        }
    }
}
