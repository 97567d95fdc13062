/// Memory that a message is written into from its end, so that each length is known when it is its turn. Grows at the front.
struct BackwardBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Offset of the first byte written; all from here to the end is the message.
    private var start: Int

    init(capacity: Int) {
        var size = max(64, capacity)
        base = ScratchBlock.take(&size)
        self.capacity = size
        start = size
    }

    deinit {
        ScratchBlock.giveBack(base, capacity: capacity)
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
        var larger = max(capacity * 2, used + needed + 64)
        let moved = ScratchBlock.take(&larger)
        (moved + (larger - used)).copyMemory(from: base + start, byteCount: used)
        ScratchBlock.giveBack(base, capacity: capacity)
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

    /// Writes bytes that are mostly few: names and words. Up to 16 are moved by two loads that may overlap, since a call of
    /// `memcpy` costs more than that.
    @inline(__always)
    mutating func write(short bytes: UnsafeRawBufferPointer) {
        let size = bytes.count
        guard size > 0, size <= 16, let source = bytes.baseAddress else { return write(bytes) }
        makeRoom(size)
        start -= size
        let target = base + start
        if size >= 8 {
            let first = source.loadUnaligned(as: UInt64.self)
            let last = source.loadUnaligned(fromByteOffset: size - 8, as: UInt64.self)
            target.storeBytes(of: first, as: UInt64.self)
            target.storeBytes(of: last, toByteOffset: size - 8, as: UInt64.self)
        } else if size >= 4 {
            let first = source.loadUnaligned(as: UInt32.self)
            let last = source.loadUnaligned(fromByteOffset: size - 4, as: UInt32.self)
            target.storeBytes(of: first, as: UInt32.self)
            target.storeBytes(of: last, toByteOffset: size - 4, as: UInt32.self)
        } else {
            target.storeBytes(of: source.load(as: UInt8.self), as: UInt8.self)
            target.storeBytes(
                of: source.load(fromByteOffset: size / 2, as: UInt8.self), toByteOffset: size / 2, as: UInt8.self)
            target.storeBytes(
                of: source.load(fromByteOffset: size - 1, as: UInt8.self), toByteOffset: size - 1, as: UInt8.self)
        }
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
