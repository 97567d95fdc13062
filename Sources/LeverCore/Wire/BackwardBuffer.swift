/// Memory that a message is written into from its end, so that each length is known when it is its turn. Grows at the front.
struct BackwardBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Offset of the first byte written; all from here to the end is the message.
    private var start: Int

    init(capacity: Int) {
        self.capacity = max(64, capacity)
        base = .allocate(byteCount: self.capacity, alignment: 8)
        start = self.capacity
    }

    deinit {
        base.deallocate()
    }

    /// Bytes written so far.
    var count: Int { capacity - start }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + start, count: count)
    }

    mutating func removeAll() {
        start = capacity
    }

    @inline(__always)
    private mutating func makeRoom(_ needed: Int) {
        if start < needed { grow(needed) }
    }

    @inline(never)
    private mutating func grow(_ needed: Int) {
        let used = count
        let larger = max(capacity * 2, used + needed + 64)
        let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
        (moved + (larger - used)).copyMemory(from: base + start, byteCount: used)
        base.deallocate()
        base = moved
        capacity = larger
        start = larger - used
    }

    @inline(__always)
    mutating func write(byte: UInt8) {
        makeRoom(1)
        start -= 1
        base.storeBytes(of: byte, toByteOffset: start, as: UInt8.self)
    }

    @inline(__always)
    mutating func write(tag: UInt8, number: Double) {
        makeRoom(9)
        start -= 9
        base.storeBytes(of: tag, toByteOffset: start, as: UInt8.self)
        base.storeBytes(of: number.bitPattern.littleEndian, toByteOffset: start + 1, as: UInt64.self)
    }

    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        makeRoom(bytes.count)
        start -= bytes.count
        (base + start).copyMemory(from: source, byteCount: bytes.count)
    }

    /// Writes the tag of a length-delimited field and the length of what was written since `end`.
    @inline(__always)
    mutating func write(tag: UInt8, lengthSince end: Int) {
        let length = count - end
        makeRoom(11)
        if length < 0x80 {
            start -= 2
            base.storeBytes(of: UInt8(truncatingIfNeeded: length), toByteOffset: start + 1, as: UInt8.self)
        } else {
            let size = (Int.bitWidth - length.leadingZeroBitCount + 6) / 7
            start -= size + 1
            var rest = length
            for index in 1..<size {
                base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: start + index, as: UInt8.self)
                rest >>= 7
            }
            base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: start + size, as: UInt8.self)
        }
        base.storeBytes(of: tag, toByteOffset: start, as: UInt8.self)
    }
}
