#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif
package import LeverCore

/// What Knative's autoscaler does, after its documentation ("Additional autoscaling configuration for Knative Pod Autoscaler").
///
/// A stable window of 60 s and a panic window of 6 s over concurrency, looked at each 2 s; panic while the short one asks for
/// twice the ready instances, and for 60 s after; no scale-down in panic, otherwise to half at most at a time; to zero when
/// nothing came in the whole stable window and 30 s of grace have passed. Knative fills an instance to 70 % of its target unless
/// told otherwise.
package struct WindowPolicy: SimulatedPolicy {
    package let name: String
    package let interval = 2.0
    private let utilization: Double
    private var stable = LoadWindow(.seconds(60), panes: 60)
    private var panic = LoadWindow(.seconds(6), panes: 6)
    private var panicSince: ContinuousClock.Instant?
    private var panicCount = 0
    private var idleSince: ContinuousClock.Instant?

    package init(name: String, utilization: Double) {
        self.name = name
        self.utilization = utilization
    }

    package mutating func decide(_ sample: ScalingSample) -> ScalingDirective {
        let bounds = sample.bounds
        // Calls that wait at its activator count, also when they have only just come.
        let load = max(sample.load, sample.ready == 0 ? Double(sample.waiting) : 0)
        stable.add(load, for: sample.interval, until: sample.at)
        panic.add(load, for: sample.interval, until: sample.at)
        let target = bounds.maxInstanceLoad * utilization
        let ready = Double(max(1, sample.ready))
        let leastStable = (ready / 2).rounded(.down)
        let wantedStable = (stable.mean / target).rounded(.up)
        let wantedPanic = (panic.mean / target).rounded(.up)
        let isOver = wantedPanic / ready >= 2

        if isOver {
            panicSince = sample.at
        } else if let since = panicSince, sample.at - since > .seconds(60) {
            panicSince = nil
            panicCount = 0
        }
        var desired = max(wantedStable, leastStable)
        if panicSince != nil {
            desired = max(desired, wantedPanic, Double(panicCount))
            panicCount = Int(min(desired, Double(bounds.maxInstances)))
        }
        if sample.waiting > 0 || sample.load > 0 { desired = max(desired, 1) }
        return ScalingDirective(
            desired: bounds.clamped(withGrace(Int(min(desired, Double(bounds.maxInstances))), sample)),
            reason: "stable \(stable.mean), panic \(panic.mean)")
    }

    /// Keeps the last instance for the grace period.
    private mutating func withGrace(_ desired: Int, _ sample: ScalingSample) -> Int {
        guard desired == 0, sample.ready + sample.starting > 0 else {
            idleSince = nil
            return desired
        }
        let since = idleSince ?? sample.at
        idleSince = since
        return sample.at - since < .seconds(30) ? 1 : 0
    }
}
