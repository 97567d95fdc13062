#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif
import LeverCore

/// The calls and channels that come to a service, in the order of their arrival.
package struct Load: Sendable {
    /// One call or channel.
    package struct Call: Sendable, Equatable {
        /// When it arrives, in seconds from the start.
        package var at: Double
        /// How long an instance works on it, or the channel stays open, in seconds.
        package var duration: Double
        /// Whether it is a channel: it holds an instance but keeps none busy.
        package var isChannel: Bool

        package init(at: Double, duration: Double, isChannel: Bool = false) {
            self.at = at
            self.duration = duration
            self.isChannel = isChannel
        }
    }

    package var name: String
    /// The time that is looked at, in seconds; calls may end later.
    package var length: Double
    package private(set) var calls: [Call]

    package init(name: String, length: Double, calls: [Call]) {
        self.name = name
        self.length = length
        self.calls = calls.sorted { $0.at < $1.at }
    }
}

/// How long calls take.
package enum CallDuration: Sendable {
    /// Exponentially distributed, with this mean in seconds.
    case exponential(mean: Double)
    /// A bounded Pareto distribution: most calls are short, and a few take very long.
    case heavyTail(shortest: Double, longest: Double, alpha: Double)

    func draw(_ random: inout FastRandom) -> Double {
        let uniform = Double.random(in: 0..<1, using: &random)
        switch self {
        case .exponential(let mean):
            return -mean * log(1 - uniform)
        case .heavyTail(let shortest, let longest, let alpha):
            // The inverse of the distribution's function, cut at the longest.
            let cut = 1 - pow(shortest / longest, alpha)
            return shortest * pow(1 - uniform * cut, -1 / alpha)
        }
    }
}

extension Load {
    /// Calls that arrive at a rate that changes with time: a Poisson process, by thinning (Lewis and Shedler, "Simulation of
    /// Nonhomogeneous Poisson Processes by Thinning", 1979).
    ///
    /// `rate` gives calls per second and may not pass `highest`.
    static func poisson(
        length: Double, highest: Double, duration: CallDuration, random: inout FastRandom, rate: (Double) -> Double
    ) -> [Call] {
        var calls: [Call] = []
        var time = 0.0
        while true {
            time -= log(1 - Double.random(in: 0..<1, using: &random)) / highest
            guard time < length else { return calls }
            if Double.random(in: 0..<1, using: &random) * highest < rate(time) {
                calls.append(Call(at: time, duration: duration.draw(&random)))
            }
        }
    }
}
