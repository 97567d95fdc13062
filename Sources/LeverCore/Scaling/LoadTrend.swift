/// Tells a load that grows steadily from one that has jumped, and how fast it grows.
///
/// Four stretches of three seconds are compared: only where each is above the one before does the load grow, and by the least
/// of the three differences. A jump, wherever it falls, makes at most two of them; noise seldom makes all three.
struct LoadTrend: Sendable, Equatable {
    private static let stretch = 3.0
    private var window = LoadWindow(.seconds(4 * stretch), panes: 4)

    mutating func add(_ load: Double, for interval: Duration, until end: ContinuousClock.Instant) {
        window.add(load, for: interval, until: end)
    }

    /// Load per second by which the load grows; 0 where it does not grow steadily.
    var growth: Double {
        guard let newest = window.paneMean(0), let second = window.paneMean(1), let third = window.paneMean(2),
            let oldest = window.paneMean(3)
        else { return 0 }
        // The newest stretch is not full yet, so its middle is nearer to that of the one before.
        let distance = (window.paneSeconds(0) + Self.stretch) / 2
        return max(0, min((newest - second) / distance, min(second - third, third - oldest) / Self.stretch))
    }
}
