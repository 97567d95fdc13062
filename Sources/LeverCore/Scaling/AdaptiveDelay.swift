/// How long to wait before instances leave: doubled when those that left were wanted again within a few times the wait, halved
/// when they were not.
struct AdaptiveDelay: Sendable, Equatable {
    /// The wait at this time.
    private(set) var current: Duration
    private let least: Duration
    private let most: Duration
    private var lastLeft: ContinuousClock.Instant?

    init(least: Duration, most: Duration) {
        current = least
        self.least = least
        self.most = most
    }

    /// Instances leave.
    mutating func left(at now: ContinuousClock.Instant) {
        if let lastLeft, now - lastLeft > current * 4 { current = max(least, current / 2) }
        lastLeft = now
    }

    /// Instances are wanted.
    mutating func wanted(at now: ContinuousClock.Instant) {
        guard let lastLeft, now - lastLeft < current * 4 else { return }
        current = min(most, current * 2)
        self.lastLeft = nil
    }
}
