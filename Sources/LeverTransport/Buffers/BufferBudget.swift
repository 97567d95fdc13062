import Synchronization

/// How many bytes a host holds at once for others: received and not dealt with, kept for another attempt, or queued for a
/// peer that takes them slowly. One object for all connections of a host, given through their configurations.
///
/// What it counts is what the parts say that they hold; bytes that wait twice (queued for one stream while their credit on
/// another is held back) count twice. Connections settle once for each turn of their loop, so the count may lag behind by
/// what came in during one turn.
package final class BufferBudget: Sendable {
    /// Holding less than this is no reason to end a stream while the limit is passed by less than a quarter: whoever reads
    /// at once holds something, too, for a moment.
    static let smallHolding = 16 * 1024

    /// Why a stream was reset (with ENHANCE_YOUR_CALM).
    package static let resetText = "the host's buffers are full, and this stream would add to them"

    /// The bound, in bytes.
    package let limit: Int
    private let used = Atomic<Int>(0)

    package init(limit: Int) {
        self.limit = limit
    }

    /// Bytes that are held now.
    package var usedBytes: Int { used.load(ordering: .relaxed) }

    func add(_ count: Int) {
        used.add(count, ordering: .relaxed)
    }

    /// Whether more is held than may be, counting `pending` bytes that are not settled yet. New calls are refused then.
    func isExceeded(pending: Int = 0) -> Bool {
        usedBytes + pending > limit
    }

    /// Whether a stream that holds so many bytes, and adds to them, has to end.
    func isExceeded(pending: Int = 0, byStreamHolding held: Int) -> Bool {
        let used = usedBytes + pending
        return used > limit && (held > Self.smallHolding || used > limit + limit / 4)
    }
}
