/// Which instances a directive moves.
///
/// More are made of those that drain first, since they are warm and know their resources, then by starting new ones. Fewer are
/// made by draining, which never ends a call.
public struct ScalingPlan: Sendable, Hashable {
    /// Instances to make ready again.
    public var undrain: [InstanceID] = []
    /// Instances to start.
    public var start = 0
    /// Instances to drain without a limit; one that is still starting ends at once.
    public var drain: [InstanceID] = []

    /// Whether nothing is to be done.
    public var isEmpty: Bool { undrain.isEmpty && start == 0 && drain.isEmpty }

    /// Makes a plan that leads from these instances to the number that the directive wants.
    public init(_ directive: ScalingDirective, instances: [ScalingSample.Instance]) {
        let current = instances.count { $0.state == .starting || $0.state == .ready }
        let desired = max(0, directive.desired)
        if desired > current {
            undrain = ScaleDownChoice.returning(desired - current, of: instances)
            start = desired - current - undrain.count
        } else {
            drain = ScaleDownChoice.leaving(current - desired, of: instances)
        }
    }
}
