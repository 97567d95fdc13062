import LeverCore

/// Scaling: as many instances as the load needs, and one more that has nothing to do.
struct Headroom: ScalingPolicy {
    mutating func decide(_ sample: ScalingSample) -> ScalingDirective {
        let needed = sample.bounds.instances(for: sample.load)
        return ScalingDirective(
            desired: sample.bounds.clamped(needed + 1), reason: "\(needed) for a load of \(sample.load), one to spare")
    }
}
