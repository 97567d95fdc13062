package import LeverCore

/// The old system's policy, as its defaults tell it: load is rate × duration, counted when calls end, at its 97.5 % bound, as an
/// average that forgets within 15 s; fewer instances after 45 s of low load; at most 10 more at once; the last one goes after
/// 5 idle minutes.
package struct LegacyPolicy: SimulatedPolicy {
    package let name = "old"
    package let interval = 1.0
    private var load = LoadAverage(timeConstant: .seconds(15))
    private var lowSince: ContinuousClock.Instant?
    private var idleSince: ContinuousClock.Instant?

    package init() {}

    package mutating func decide(_ sample: ScalingSample) -> ScalingDirective {
        let bounds = sample.bounds
        let seconds = sample.interval / .seconds(1)
        if seconds > 0 { load.add(sample.completedTime / .seconds(1) / seconds, for: sample.interval) }
        // The one-sided 97.5 % bound of a normal distribution.
        let bound = load.mean + 1.96 * load.deviation
        if sample.isIdle { idleSince = idleSince ?? sample.at } else { idleSince = nil }
        let current = sample.ready + sample.starting
        let isAwake = idleSince.map { sample.at - $0 < .seconds(300) } ?? true
        let isNeeded = isAwake && (current > 0 || !sample.isIdle)
        let wanted = isNeeded ? max(1, bounds.instances(for: bound)) : 0

        if wanted >= current {
            lowSince = nil
            return ScalingDirective(desired: bounds.clamped(min(wanted, current + 10)), reason: "load \(bound)")
        }
        let since = lowSince ?? sample.at
        lowSince = since
        guard sample.at - since >= .seconds(45) || !isAwake else {
            return ScalingDirective(desired: bounds.clamped(current), reason: "low, not for long")
        }
        lowSince = nil
        return ScalingDirective(desired: bounds.clamped(wanted), reason: "low load \(bound)")
    }
}
