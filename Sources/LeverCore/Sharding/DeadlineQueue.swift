/// The deadlines of many machines, soonest first: a binary heap from which nothing is removed when a deadline is given up;
/// whoever takes one checks that it still counts, and ``compact(_:)`` drops the dead ones once they are many.
struct DeadlineQueue: Sendable {
    struct Entry: Sendable {
        let deadline: ContinuousClock.Instant
        let slot: UInt32
    }

    private(set) var entries: [Entry] = []

    var soonest: Entry? { entries.first }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].deadline < entries[parent].deadline else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeSoonest() {
        guard let last = entries.popLast(), !entries.isEmpty else { return }
        entries[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].deadline < entries[smallest].deadline {
                smallest = child
            }
            guard smallest != parent else { return }
            entries.swapAt(parent, smallest)
            parent = smallest
        }
    }

    /// Keeps only what still counts.
    mutating func compact(_ counts: (Entry) -> Bool) {
        // A sorted array is a heap.
        entries = entries.filter(counts).sorted { $0.deadline < $1.deadline }
    }
}
