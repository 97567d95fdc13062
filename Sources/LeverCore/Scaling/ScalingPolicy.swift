/// Decides how many instances a service should have: the place to bring an own rule of scaling.
///
/// One policy value belongs to one service. It is asked at a steady pace (about once a second), and at once when a call finds
/// no instance; each time it gets what was measured since it was last asked. It only says a number: ``ScalingPlan`` makes of
/// it which instances start, drain or come back, and the supervisor carries that out. A service that is deployed anew or whose
/// instances crash keeps its policy.
///
/// ```swift
/// /// One instance for each channel that is open.
/// struct OnePerChannel: ScalingPolicy {
///     mutating func decide(_ sample: ScalingSample) -> ScalingDirective {
///         ScalingDirective(
///             desired: sample.bounds.instances(for: sample.channels * sample.bounds.maxInstanceLoad),
///             reason: "one for each channel")
///     }
/// }
/// ```
public protocol ScalingPolicy: Sendable {
    /// Returns how many instances the service should have from now on.
    ///
    /// Called in the order of ``ScalingSample/at``. It must not block; what it remembers must not grow with time.
    mutating func decide(_ sample: ScalingSample) -> ScalingDirective
}

/// What a policy wants.
public struct ScalingDirective: Sendable, Hashable {
    /// The number of instances that should be starting or ready; within the sample's bounds.
    public var desired: Int
    /// Why, for people who ask what the autoscaler did: a part of a sentence with the figures that led to it.
    public var reason: String

    /// Makes a directive.
    public init(desired: Int, reason: String) {
        self.desired = desired
        self.reason = reason
    }
}
