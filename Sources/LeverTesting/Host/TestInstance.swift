public import LeverCore

/// An instance as it stood at a moment.
public struct TestInstance: Sendable, Hashable, Identifiable {
    /// Its id.
    public let id: InstanceID
    /// The service that it belongs to.
    public let service: ServiceID
    /// The version that it runs.
    public let version: Int
    /// Where it stands in its life.
    public let state: InstanceState
    /// Calls and open channels inside.
    public let calls: Int
    /// The resources that calls to it go to, in the order of their names.
    public let resources: [ResourceID]
    /// Whether the test has stopped it; see ``LeverTestHost/pause(_:)``.
    public let isPaused: Bool
    /// Whether the test has cut it off; see ``LeverTestHost/partition(_:)``.
    public let isPartitioned: Bool
}

extension TestInstance {
    init(_ known: ServiceController.Instance, _ instance: WorldInstance) {
        id = known.id
        service = instance.service.id
        version = known.version
        state = known.state
        calls = instance.gate.inside
        resources = instance.service.active.filter { instance.service.activations[$0]?.instance === instance }.sorted()
        isPaused = instance.isPaused
        isPartitioned = instance.isPartitioned
    }
}
