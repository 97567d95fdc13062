/// The number of an activation: higher than those of all activations before it, for ever, so that whoever an instance
/// writes to can turn away what comes from an earlier one (a fencing token; Lamport, "Time, Clocks, and the Ordering of
/// Events in a Distributed System", 1978, is where comparing such numbers comes from).
///
/// It is `term · 2³² + counter`, with a term below 2²¹: JavaScript's numbers hold it exactly.
public struct Epoch: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number as it goes into the header `lever-resource-epoch`; below 2⁵³.
    public let rawValue: UInt64

    /// The terms there can be: each start of the host takes one.
    public static let terms: Range<UInt32> = 0..<(1 << 21)

    /// The epoch of a counter in a term.
    ///
    /// The term must lie in ``terms``.
    public init(term: UInt32, counter: UInt32) {
        precondition(Self.terms.contains(term), "the term \(term) is not below 2^21")
        rawValue = UInt64(term) << 32 | UInt64(counter)
    }

    /// The epoch with a number; `nil` for numbers that none has.
    public init?(rawValue: UInt64) {
        guard let term = UInt32(exactly: rawValue >> 32), Self.terms.contains(term) else { return nil }
        self.rawValue = rawValue
    }

    /// The run of the host that the activation happened in.
    public var term: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

    /// Which activation of the term it was.
    public var counter: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    /// Term and counter.
    public var description: String { String(rawValue) }

    /// Whether an activation is earlier than another.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Makes epochs, each higher than the last.
///
/// The term is the host's, raised and synced to disk at each start, so that two runs never make the same epoch. Within a
/// run a service that is removed and comes back goes on with the generator of its earlier directory.
public struct EpochGenerator: Sendable, Equatable {
    /// The term of the epochs to come.
    public private(set) var term: UInt32
    /// How often ``next()`` has been asked in this term.
    private var used: UInt64 = 0

    /// Makes a generator whose first epoch is the counter 1 of a term.
    ///
    /// The term must lie in ``Epoch/terms``.
    public init(term: UInt32) {
        precondition(Epoch.terms.contains(term), "the term \(term) is not below 2^21")
        self.term = term
    }

    /// The epochs that the term still holds.
    public var remaining: UInt64 { UInt64(UInt32.max) - used }

    /// The next epoch; `nil` once the term holds no more (after four thousand million activations).
    public mutating func next() -> Epoch? {
        guard remaining > 0 else { return nil }
        used += 1
        return Epoch(term: term, counter: UInt32(used))
    }

    /// Goes on in a higher term, which has been synced to disk; a term that is not higher changes nothing.
    ///
    /// The term must lie in ``Epoch/terms``.
    public mutating func raise(to term: UInt32) {
        guard term > self.term else { return }
        self = EpochGenerator(term: term)
    }
}
