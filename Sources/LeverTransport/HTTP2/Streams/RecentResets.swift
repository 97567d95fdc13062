/// The streams that this side ended before the peer did: what the peer had sent until it heard of that is ignored, where
/// the same frames on other ended streams are errors.
struct RecentResets {
    private static let size = 1_024

    private var ring: [UInt32] = []
    private var next = 0

    mutating func add(_ id: UInt32) {
        if ring.count < Self.size {
            ring.append(id)
        } else {
            ring[next] = id
            next = (next + 1) % Self.size
        }
    }

    /// Looks through the latest first; only frames on ended streams come here.
    func contains(_ id: UInt32) -> Bool {
        ring[..<next].reversed().contains(id) || ring[next...].reversed().contains(id)
    }
}
