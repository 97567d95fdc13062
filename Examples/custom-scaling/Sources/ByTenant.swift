import LeverCore

/// Placement: the resources of one tenant (`acme/1`, `acme/2`) are on one instance.
struct ByTenant: ResourcePlacement {
    private let placement = RendezvousPlacement()

    func place(_ resource: ResourceID, among candidates: [PlacementCandidate]) -> Int {
        let tenant = "\(resource)".prefix { $0 != "/" }
        return placement.place(ResourceID(String(tenant)), among: candidates)
    }
}
