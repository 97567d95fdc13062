/// Chooses the instance that a resource is activated on.
public protocol ResourcePlacement: Sendable {
    /// Returns the index of the chosen candidate.
    ///
    /// `candidates` holds at least one; each is ready, of the live version, and stays. Called once for each activation, never
    /// on the path of a call whose resource is active. The answer should depend on nothing but the arguments.
    func place(_ resource: ResourceID, among candidates: [PlacementCandidate]) -> Int
}

/// An instance that a resource may be placed on.
public struct PlacementCandidate: Sendable, Hashable {
    /// The instance.
    public let instance: InstanceID
    /// Calls in progress, with one for each activation that is under way: calls wait for those.
    public let load: Int
    /// Resources that the instance holds.
    public let resources: Int

    /// Makes a candidate.
    public init(instance: InstanceID, load: Int, resources: Int) {
        self.instance = instance
        self.load = load
        self.resources = resources
    }
}
