import LeverCore

/// What one policy made of one load.
package struct Outcome: Sendable, Equatable {
    package var load: String
    package var policy: String
    /// Seconds whose mean load was more than the ready instances take at `maxInstanceLoad`.
    package var secondsOverTarget: Int
    /// The time of all instances together, from the start of each to its end, in seconds.
    package var instanceSeconds: Double
    /// Instances that were started.
    package var starts: Int
    /// The time before an instance worked on a call that 99 of 100 calls did not pass, in seconds.
    package var wait99: Double
}

/// Measures while a simulation runs.
struct OutcomeMeter {
    let load: String
    private let bounds: ScalingBounds
    /// For each second the integral of load and of what ready instances take.
    private var loads: [Double]
    private var capacities: [Double]
    private var instanceSeconds = 0.0
    private var waits: [Double] = []

    init(load: Load, bounds: ScalingBounds) {
        self.load = load.name
        self.bounds = bounds
        let seconds = Int(load.length.rounded(.up))
        loads = [Double](repeating: 0, count: seconds)
        capacities = [Double](repeating: 0, count: seconds)
        waits.reserveCapacity(load.calls.count)
    }

    /// Adds a stretch of time in which nothing changed.
    mutating func pass(from start: Double, to end: Double, calls: Int, channels: Int, ready: Int, alive: Int) {
        instanceSeconds += Double(alive) * (end - start)
        let load = Double(calls) + Double(channels) * bounds.channelLoad
        let capacity = Double(ready) * bounds.maxInstanceLoad
        var from = start
        while from < end {
            let second = Int(from)
            guard second < loads.count else { return }
            let until = min(end, Double(second + 1))
            loads[second] += load * (until - from)
            capacities[second] += capacity * (until - from)
            from = until
        }
    }

    mutating func waited(_ seconds: Double) {
        waits.append(seconds)
    }

    func outcome(policy: String, starts: Int) -> Outcome {
        let over = zip(loads, capacities).count { $0 > $1 + 1e-9 }
        let sorted = waits.sorted()
        let wait = sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * 0.99))]
        return Outcome(
            load: load, policy: policy, secondsOverTarget: over, instanceSeconds: instanceSeconds, starts: starts,
            wait99: wait)
    }
}
