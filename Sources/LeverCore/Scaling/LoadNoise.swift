/// How far a load scatters from one look to the next, whatever way it goes in the long run.
///
/// The mean square of successive differences (von Neumann, Kent, Bellinson and Hart, "The Mean Square Successive Difference",
/// 1941): half of it is the variance where the values differ by chance alone, and a load that rises or falls adds little to it,
/// where it would swell the variance about a mean.
struct LoadNoise: Sendable, Equatable {
    private var squares = LoadAverage(timeConstant: .seconds(15))
    private var previous: Double?

    mutating func add(_ load: Double, for interval: Duration) {
        guard interval > .zero, load.isFinite else { return }
        if let previous { squares.add((load - previous) * (load - previous) / 2, for: interval) }
        previous = load
    }

    /// The standard deviation.
    var deviation: Double {
        let deviation = squares.mean.squareRoot()
        return deviation.isFinite ? deviation : 0
    }
}
