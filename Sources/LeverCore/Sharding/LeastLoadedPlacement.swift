/// Takes the instance with the fewest calls in progress, among equals the one with the fewest resources.
public struct LeastLoadedPlacement: ResourcePlacement {
    /// Makes the placement; it keeps no state.
    public init() {}

    /// The candidate with the least load, then the fewest resources.
    public func place(_ resource: ResourceID, among candidates: [PlacementCandidate]) -> Int {
        var best = 0
        for index in candidates.indices.dropFirst() {
            let (one, other) = (candidates[index], candidates[best])
            if (one.load, one.resources) < (other.load, other.resources) { best = index }
        }
        return best
    }
}
