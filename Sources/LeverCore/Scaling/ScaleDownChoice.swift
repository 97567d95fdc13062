/// Chooses which instances leave when there are too many, and which of them come back.
public enum ScaleDownChoice {
    /// The `count` instances that are missed least: those that are still starting, then those with the fewest resources (each
    /// costs its next caller an activation), then those with the fewest calls (they are gone soonest), then the youngest.
    public static func leaving(_ count: Int, of instances: [ScalingSample.Instance]) -> [InstanceID] {
        guard count > 0 else { return [] }
        let staying = instances.enumerated().filter { $0.element.state == .ready || $0.element.state == .starting }
        let order = staying.sorted { left, right in
            if left.element.state != right.element.state { return left.element.state == .starting }
            if left.element.resources != right.element.resources {
                return left.element.resources < right.element.resources
            }
            if left.element.calls != right.element.calls { return left.element.calls < right.element.calls }
            return left.offset > right.offset
        }
        return order.prefix(count).map(\.element.id)
    }

    /// At most `count` draining instances to make ready again, those first that would be missed most.
    public static func returning(_ count: Int, of instances: [ScalingSample.Instance]) -> [InstanceID] {
        guard count > 0 else { return [] }
        let leaving = instances.enumerated().filter { $0.element.state == .draining && $0.element.mayReturn }
        let order = leaving.sorted { left, right in
            if left.element.resources != right.element.resources {
                return left.element.resources > right.element.resources
            }
            if left.element.calls != right.element.calls { return left.element.calls > right.element.calls }
            return left.offset < right.offset
        }
        return order.prefix(count).map(\.element.id)
    }
}
