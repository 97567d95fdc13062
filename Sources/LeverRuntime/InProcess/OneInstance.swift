import LeverCore

/// The scaling of services in this process: there is one handler, and so one instance.
struct OneInstance: ScalingPolicy {
    func decide(_ sample: ScalingSample) -> ScalingDirective {
        ScalingDirective(desired: 1, reason: "it is in the host's process")
    }
}
