/// An object's properties in the order in which they were first written; keys are unique.
///
/// Small objects are searched key by key, large ones have an index.
public struct LeverObject: Sendable {
    /// From how many properties on an object has an index.
    private static let indexThreshold = 16

    /// One property. Not a tuple: the compiler writes code to release a struct, a tuple is released through its metadata.
    struct Entry: Sendable {
        var key: String
        var value: LeverValue
    }

    private var entries: ContiguousArray<Entry>
    private var positions: [String: Int]?

    /// Makes an object without properties.
    public init() {
        entries = []
    }

    /// Makes an object of pairs; of pairs with the same key the last one's value counts.
    public init(_ pairs: some Sequence<(key: String, value: LeverValue)>) {
        self.init(entries: ContiguousArray(pairs.lazy.map { Entry(key: $0.key, value: $0.value) }))
    }

    /// Takes over properties; where their keys may repeat, the last one's value counts.
    init(entries: ContiguousArray<Entry>, mayRepeat: Bool = true) {
        self.entries = entries
        if entries.count > Self.indexThreshold {
            removeDuplicatesWithIndex()
        } else if mayRepeat, Self.hasDuplicates(entries) {
            self.entries.removeAll(keepingCapacity: true)
            for entry in entries { self[entry.key] = entry.value }
        }
    }

    private static func hasDuplicates(_ entries: ContiguousArray<Entry>) -> Bool {
        var index = 1
        while index < entries.count {
            var earlier = 0
            while earlier < index {
                if entries[earlier].key == entries[index].key { return true }
                earlier += 1
            }
            index += 1
        }
        return false
    }

    private mutating func removeDuplicatesWithIndex() {
        var positions = [String: Int](minimumCapacity: entries.count)
        var kept = 0
        for index in entries.indices {
            if let known = positions[entries[index].key] {
                entries[known].value = entries[index].value
            } else {
                positions[entries[index].key] = kept
                if kept != index { entries[kept] = entries[index] }
                kept += 1
            }
        }
        entries.removeSubrange(kept...)
        self.positions = positions
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[key] }
        return entries.firstIndex { $0.key == key }
    }

    /// The value of a property; `nil` where there is none. A new property goes to the end; setting `nil` removes one.
    public subscript(key: String) -> LeverValue? {
        get { position(of: key).map { entries[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?):
                entries[position].value = value
            case (let position?, nil):
                entries.remove(at: position)
                if positions != nil { rebuildIndex() }
            case (nil, let value?):
                entries.append(Entry(key: key, value: value))
                if positions != nil {
                    positions?[key] = entries.count - 1
                } else if entries.count > Self.indexThreshold {
                    rebuildIndex()
                }
            case (nil, nil):
                break
            }
        }
    }

    private mutating func rebuildIndex() {
        positions =
            entries.count > Self.indexThreshold
            ? Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.key, $0) }) : nil
    }

    /// Lends the properties as they lie in memory: encoders go through many of them, and copying one costs two counts.
    @inline(__always)
    func withEntries<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<Entry>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try entries.withUnsafeBufferPointer(body)
    }

    /// The keys in order.
    public var keys: some Collection<String> { entries.lazy.map(\.key) }
}

extension LeverObject: RandomAccessCollection {
    /// The position of the first property.
    public var startIndex: Int { 0 }
    /// The position behind the last property.
    public var endIndex: Int { entries.count }
    /// The property at a position.
    public subscript(position: Int) -> (key: String, value: LeverValue) {
        (entries[position].key, entries[position].value)
    }
}

extension LeverObject: Hashable {
    /// Compares the properties; their order does not count.
    public static func == (left: LeverObject, right: LeverObject) -> Bool {
        guard left.count == right.count else { return false }
        for (index, entry) in left.entries.enumerated() {
            // Mostly both have the same order, so the search ends where it begins.
            let other = right.entries[index]
            if other.key == entry.key {
                guard other.value == entry.value else { return false }
            } else {
                guard let value = right[entry.key], value == entry.value else { return false }
            }
        }
        return true
    }

    /// Hashes the properties; their order does not count.
    public func hash(into hasher: inout Hasher) {
        var combined = 0
        for entry in entries {
            var own = Hasher()
            own.combine(entry.key)
            own.combine(entry.value)
            combined ^= own.finalize()
        }
        hasher.combine(combined)
    }
}

extension LeverObject: ExpressibleByDictionaryLiteral {
    /// Makes an object of a literal; of a key that repeats the last value counts.
    public init(dictionaryLiteral elements: (String, LeverValue)...) {
        self.init(elements.lazy.map { (key: $0.0, value: $0.1) })
    }
}

/// Tells, while keys are read, whether one may have come before: a set of 64 marks, without the keys themselves.
struct RepeatedKeys {
    private var seen: UInt64 = 0
    private(set) var arePossible = false

    /// Notes a key. One that is not ASCII may equal another with different bytes, so it always counts as possibly repeated.
    @inline(__always)
    mutating func note(_ key: UnsafeBufferPointer<UInt8>) {
        let count = key.count
        guard count > 0 else { return mark(0) }
        let first = key[0]
        let middle = key[count / 2]
        let last = key[count - 1]
        if !key.isASCII { arePossible = true }
        mark(UInt64(first) &* 0x9E37 &+ UInt64(middle) &* 0x79B9 &+ UInt64(last) &* 0x7F4A &+ UInt64(count) &* 0x85EB)
    }

    @inline(__always)
    private mutating func mark(_ mixed: UInt64) {
        let bit: UInt64 = 1 << ((mixed ^ (mixed >> 7)) & 63)
        if seen & bit != 0 { arePossible = true }
        seen |= bit
    }
}
