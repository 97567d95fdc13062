/// Elements of containers that are being read, innermost last. A container's elements move out of it in one step when the
/// container ends, so that its array is allocated once, in its size, and nothing is counted up and down on the way.
struct MoveStack<Element>: ~Copyable {
    private var base: UnsafeMutablePointer<Element>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 16) {
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    @inline(__always)
    mutating func push(_ element: consuming Element) {
        if count == capacity { grow() }
        (base + count).initialize(to: element)
        count += 1
    }

    @inline(never)
    private mutating func grow() {
        let moved = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        moved.moveInitialize(from: base, count: count)
        base.deallocate()
        base = moved
        capacity *= 2
    }

    /// Takes off all elements from `first` on; the caller moves them out of the memory.
    @inline(__always)
    fileprivate mutating func take(from first: Int) -> UnsafeMutableBufferPointer<Element> {
        let taken = UnsafeMutableBufferPointer(start: base + first, count: count - first)
        count = first
        return taken
    }
}

// One function for each type that is used, out of line: only so the array's code is specialised for it.

extension MoveStack<LeverValue> {
    /// Moves all elements from `first` on into an array.
    @inline(never)
    mutating func popArray(from first: Int) -> [LeverValue] {
        let taken = take(from: first)
        guard !taken.isEmpty else { return [] }
        var array: [LeverValue] = []
        array.reserveCapacity(taken.count)
        for index in taken.indices { array.append((taken.baseAddress! + index).move()) }
        return array
    }
}

extension MoveStack<LeverObject.Entry> {
    /// Moves all properties from `first` on into an array.
    @inline(never)
    mutating func popEntries(from first: Int) -> ContiguousArray<LeverObject.Entry> {
        let taken = take(from: first)
        guard !taken.isEmpty else { return [] }
        var array: ContiguousArray<LeverObject.Entry> = []
        array.reserveCapacity(taken.count)
        for index in taken.indices { array.append((taken.baseAddress! + index).move()) }
        return array
    }
}
