import Synchronization

/// A direct-mapped cache of header blocks: an entry has one place, and a newer one takes it. It begins small and doubles
/// while entries that are still valid push each other out, within a bound of its own and one for the whole process.
final class BlockCache<Entry> {
    private var entries: [Entry?] = []
    private var displaced = 0

    init() {}

    deinit {
        _ = BlockCacheBudget.slots.subtract(entries.count, ordering: .relaxed)
    }

    /// The entry in the place of this hash.
    @inline(__always)
    func entry(_ hash: UInt) -> Entry? {
        guard !entries.isEmpty else { return nil }
        return entries[Int(truncatingIfNeeded: hash) & (entries.count - 1)]
    }

    /// Puts an entry into the place of its hash. `isValid` says of the one that was there whether it could still be used,
    /// `hash` gives its hash again when the cache grows.
    func store(_ entry: Entry, hash: UInt, isValid: (Entry) -> Bool, rehash: (Entry) -> UInt) {
        if entries.isEmpty { grow(to: BlockCacheBudget.smallest, isValid, rehash) }
        guard !entries.isEmpty else { return }
        var place = Int(truncatingIfNeeded: hash) & (entries.count - 1)
        if let earlier = entries[place], isValid(earlier) {
            displaced += 1
            if displaced > entries.count / 4, entries.count < BlockCacheBudget.largest {
                displaced = 0
                grow(to: entries.count * 4, isValid, rehash)
                place = Int(truncatingIfNeeded: hash) & (entries.count - 1)
            }
        }
        entries[place] = entry
    }

    private func grow(to count: Int, _ isValid: (Entry) -> Bool, _ rehash: (Entry) -> UInt) {
        let more = count - entries.count
        let (_, total) = BlockCacheBudget.slots.add(more, ordering: .relaxed)
        guard total <= BlockCacheBudget.total || entries.isEmpty && count == BlockCacheBudget.smallest else {
            _ = BlockCacheBudget.slots.subtract(more, ordering: .relaxed)
            return
        }
        let old = entries
        entries = Array(repeating: nil, count: count)
        for case let entry? in old where isValid(entry) {
            entries[Int(truncatingIfNeeded: rehash(entry)) & (count - 1)] = entry
        }
    }
}

/// The bounds of all caches together, in entries.
enum BlockCacheBudget {
    static let smallest = 64
    static let largest = 16_384
    /// Beyond this caches stay as they are; each may have its smallest size all the same.
    static let total = 262_144
    static let slots = Atomic<Int>(0)
}
