/// The mean and the highest of a value over a moving stretch of time, in memory that does not grow.
///
/// Time is cut into panes of equal width, kept in a ring; a pane holds the value's integral, the time that it covers and the
/// highest value. What leaves the window leaves it pane by pane (Li et al., "No Pane, No Gain: Efficient Evaluation of
/// Sliding-Window Aggregates over Data Streams", SIGMOD Record 34(1), 2005).
public struct LoadWindow: Sendable, Equatable {
    private struct Pane: Sendable, Equatable {
        var integral = 0.0
        var seconds = 0.0
        var peak = 0.0
    }

    /// How far back it looks.
    public let duration: Duration
    private let width: Double
    private var panes: [Pane]
    private var origin: ContinuousClock.Instant?
    /// The number of the newest pane, counted from the origin.
    private var newest = 0

    /// Makes an empty window; `panes` is how finely it moves.
    public init(_ duration: Duration, panes count: Int) {
        precondition(duration > .zero && count > 0, "a window has a length and panes")
        self.duration = duration
        width = duration.inSeconds / Double(count)
        panes = [Pane](repeating: Pane(), count: count)
    }

    /// Adds that the value was `value` for the `interval` that ends at `end`.
    ///
    /// Where times go back, or the value is no number, nothing is added.
    public mutating func add(_ value: Double, for interval: Duration, until end: ContinuousClock.Instant) {
        let seconds = min(interval, duration).inSeconds
        guard value.isFinite, seconds >= 0 else { return }
        let start = end.advanced(by: .zero - min(interval, duration))
        let origin = origin ?? start
        self.origin = origin
        let last = (end - origin).inSeconds
        guard last >= 0 else { return }
        // The end of a pane belongs to it, or a sample that fills one pane would touch two.
        let lastPane = max(0, Int((last / width).rounded(.up)) - 1)
        move(to: lastPane)
        guard lastPane == newest else { return }

        let first = max(0, last - seconds)
        for pane in min(newest, max(Int(first / width), newest - panes.count + 1))...newest {
            let covered = min(last, Double(pane + 1) * width) - max(first, Double(pane) * width)
            guard covered > 0 || pane == newest else { continue }
            let index = pane % panes.count
            panes[index].integral += value * max(0, covered)
            panes[index].seconds += max(0, covered)
            panes[index].peak = max(panes[index].peak, value)
        }
    }

    /// The time-weighted mean over what of the window has been covered; 0 where nothing has.
    public var mean: Double {
        mean(over: duration)
    }

    /// The mean over the newest part of the window, in whole panes.
    public func mean(over part: Duration) -> Double {
        var integral = 0.0
        var seconds = 0.0
        for age in 0..<paneCount(part) {
            let pane = pane(age)
            integral += pane.integral
            seconds += pane.seconds
        }
        return seconds > 0 ? integral / seconds : 0
    }

    /// The highest value in the newest part of the window, in whole panes; 0 where there is none.
    public func peak(over part: Duration) -> Double {
        (0..<paneCount(part)).reduce(0) { max($0, pane($1).peak) }
    }

    /// The mean of one pane, counted back from the newest; `nil` where it covers nothing.
    func paneMean(_ age: Int) -> Double? {
        let pane = pane(age)
        return pane.seconds > 0 ? pane.integral / pane.seconds : nil
    }

    /// How much of a pane is covered, in seconds.
    func paneSeconds(_ age: Int) -> Double {
        pane(age).seconds
    }

    private func pane(_ age: Int) -> Pane {
        guard age < panes.count, age <= newest else { return Pane() }
        return panes[(newest - age) % panes.count]
    }

    private func paneCount(_ part: Duration) -> Int {
        let count = (part.inSeconds / width).rounded(.up)
        return count < Double(panes.count) ? max(1, Int(count)) : panes.count
    }

    private mutating func move(to pane: Int) {
        guard pane > newest else { return }
        for number in max(newest + 1, pane - panes.count + 1)...pane { panes[number % panes.count] = Pane() }
        newest = pane
    }
}

extension Duration {
    /// The same as a number.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
