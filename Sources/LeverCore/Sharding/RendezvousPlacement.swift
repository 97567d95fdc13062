/// Takes the instance whose name and the resource's together have the highest hash: all who know the same instances choose the
/// same one without talking to each other, and an instance that comes or goes moves only the resources that it gains or had.
///
/// This is highest random weight hashing (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates",
/// IEEE/ACM Transactions on Networking 6(1), 1998). It looks at no load: it fits resources that are many and alike.
public struct RendezvousPlacement: ResourcePlacement {
    /// Makes the placement; it keeps no state.
    public init() {}

    /// The candidate with the highest weight for this resource.
    public func place(_ resource: ResourceID, among candidates: [PlacementCandidate]) -> Int {
        var best = 0
        var highest: (weight: UInt64, name: String)?
        for (index, candidate) in candidates.enumerated() {
            let name = candidate.instance.rawValue
            let rival = (weight: Self.weight(of: resource, on: candidate.instance), name: name)
            // Equal weights are as good as impossible; the name makes the choice the same everywhere all the same.
            if let highest, (rival.weight, rival.name) <= highest { continue }
            highest = rival
            best = index
        }
        return best
    }

    /// The weight of an instance for a resource: the same in every process and every version of Lever, which Swift's own
    /// hashes are not. FNV-1a over both names, apart by a byte that UTF-8 never has, then the finalizer of SplitMix64, since
    /// FNV alone leaves the high bits of short texts nearly alike.
    static func weight(of resource: ResourceID, on instance: InstanceID) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        for byte in instance.rawValue.utf8 { add(byte) }
        add(0xFF)
        for byte in resource.rawValue.utf8 { add(byte) }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}
