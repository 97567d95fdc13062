#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#endif

/// An average that forgets exponentially, of values that may come at any distance, and how far they scatter about it.
///
/// After one time constant a value counts 1/e of what it did. The weight of a value that held for `t` is `1 − exp(−t/τ)`
/// (Eckner, "Algorithms for Unevenly Spaced Time Series: Moving Averages and Other Rolling Operators", 2012); the variance
/// follows in one pass (Finch, "Incremental Calculation of Weighted Mean and Variance", 2009, section 9).
public struct LoadAverage: Sendable, Equatable {
    /// The time after which a value counts 1/e.
    public let timeConstant: Duration
    /// The average; 0 before the first value.
    public private(set) var mean = 0.0
    /// The mean square of the distance from the average.
    public private(set) var variance = 0.0
    private var isEmpty = true

    /// Makes an average of nothing.
    public init(timeConstant: Duration) {
        precondition(timeConstant > .zero, "an average has a time constant")
        self.timeConstant = timeConstant
    }

    /// The usual distance of a value from the average.
    public var deviation: Double { variance.squareRoot() }

    /// Adds a value that held for `interval`; one that is no number is passed over.
    public mutating func add(_ value: Double, for interval: Duration) {
        guard value.isFinite, interval > .zero else { return }
        guard !isEmpty else {
            mean = value
            isEmpty = false
            return
        }
        let weight = 1 - exp(-interval.inSeconds / timeConstant.inSeconds)
        let distance = value - mean
        mean += weight * distance
        variance = max(0, (1 - weight) * (variance + weight * distance * distance))
    }
}
