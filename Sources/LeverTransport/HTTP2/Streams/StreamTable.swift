/// The open streams of a connection: objects in a slab, found by slot or by number. An open-addressed table with linear
/// probing and backward-shift deletion (Knuth, "The Art of Computer Programming", volume 3, section 6.4, algorithm R)
/// leads from numbers to slots. Numbers count upwards, so they are scattered by a multiplication (ibid., Fibonacci
/// hashing): side by side they would make one long run, and each removal would walk along it.
struct StreamTable {
    private var slab: ContiguousArray<StreamState> = []
    private var free: ContiguousArray<Int> = []
    private var keys: ContiguousArray<UInt32>
    private var slots: ContiguousArray<Int32>
    private var mask: Int
    private(set) var count = 0

    init() {
        keys = ContiguousArray(repeating: 0, count: 64)
        slots = ContiguousArray(repeating: 0, count: 64)
        mask = 63
    }

    /// The stream that a handle means; `nil` where it has ended.
    @inline(__always)
    func stream(_ handle: HTTP2Stream) -> StreamState? {
        guard handle.slot < slab.count else { return nil }
        let stream = slab[handle.slot]
        return stream.id == handle.id ? stream : nil
    }

    /// The open stream with this number.
    @inline(__always)
    func stream(_ id: UInt32) -> StreamState? {
        var position = home(id)
        while keys[position] != 0 {
            if keys[position] == id { return slab[Int(slots[position])] }
            position = (position + 1) & mask
        }
        return nil
    }

    /// Adds a stream; its state is to be begun by the caller.
    mutating func add(_ id: UInt32) -> StreamState {
        let stream: StreamState
        if let slot = free.popLast() {
            stream = slab[slot]
        } else {
            stream = StreamState(slot: slab.count)
            slab.append(stream)
        }
        if (count + 1) * 2 > keys.count { grow() }
        place(id, Int32(stream.slot))
        count += 1
        return stream
    }

    mutating func remove(_ stream: StreamState) {
        assert(stream.id != 0, "the stream has ended before")
        var position = home(stream.id)
        while keys[position] != stream.id { position = (position + 1) & mask }
        // Move later entries of the same run up, so that no search ends too early.
        var hole = position
        var next = (hole + 1) & mask
        while keys[next] != 0 {
            if ((next - home(keys[next])) & mask) >= ((next - hole) & mask) {
                keys[hole] = keys[next]
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        keys[hole] = 0
        count -= 1
        free.append(stream.slot)
    }

    /// The open streams, in no order; a copy, so that streams may end meanwhile.
    var all: [StreamState] {
        slab.filter { $0.id != 0 }
    }

    @inline(__always)
    private func home(_ id: UInt32) -> Int {
        Int((id &* 0x9E37_79B1) >> 8) & mask
    }

    private mutating func place(_ id: UInt32, _ slot: Int32) {
        var position = home(id)
        while keys[position] != 0 { position = (position + 1) & mask }
        keys[position] = id
        slots[position] = slot
    }

    private mutating func grow() {
        let (oldKeys, oldSlots) = (keys, slots)
        keys = ContiguousArray(repeating: 0, count: oldKeys.count * 2)
        slots = ContiguousArray(repeating: 0, count: oldKeys.count * 2)
        mask = keys.count - 1
        for index in oldKeys.indices where oldKeys[index] != 0 { place(oldKeys[index], oldSlots[index]) }
    }
}
