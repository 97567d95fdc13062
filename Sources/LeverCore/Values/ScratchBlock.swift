import Synchronization

/// Memory that a long message is written into. One block is kept for the next long message, because the allocator gives
/// large blocks back to the system, which then clears each of their pages again: that took a third of the time to encode.
enum ScratchBlock {
    /// Smaller blocks come straight from the allocator, which is quick with them.
    private static let smallest = 32 * 1024
    /// Larger blocks are never kept: this is what the process may hold for nothing.
    private static let largest = 4 * 1024 * 1024

    /// The address of the block that is kept, whose first word is its capacity; 0 where there is none. Whoever exchanges it
    /// for 0 owns the block.
    private static let kept = Atomic<UInt>(0)

    /// Takes a block of at least `capacity` bytes (at least 64); `capacity` becomes what it really has.
    @inline(__always)
    static func take(_ capacity: inout Int) -> UnsafeMutableRawPointer {
        if capacity >= smallest, let block = takeKept(&capacity) { return block }
        return .allocate(byteCount: capacity, alignment: 16)
    }

    @inline(never)
    private static func takeKept(_ capacity: inout Int) -> UnsafeMutableRawPointer? {
        guard let block = UnsafeMutableRawPointer(bitPattern: kept.exchange(0, ordering: .acquiring)) else {
            return nil
        }
        let size = block.load(as: Int.self)
        guard size >= capacity else {
            block.deallocate()
            return nil
        }
        capacity = size
        return block
    }

    /// Gives back a block that ``take(_:)`` gave.
    @inline(__always)
    static func giveBack(_ block: UnsafeMutableRawPointer, capacity: Int) {
        if capacity >= smallest, capacity <= largest { keep(block, capacity) } else { block.deallocate() }
    }

    @inline(never)
    private static func keep(_ block: UnsafeMutableRawPointer, _ capacity: Int) {
        block.storeBytes(of: capacity, as: Int.self)
        let address = UInt(bitPattern: block)
        let earlier = kept.exchange(address, ordering: .acquiringAndReleasing)
        UnsafeMutableRawPointer(bitPattern: earlier)?.deallocate()
    }
}
