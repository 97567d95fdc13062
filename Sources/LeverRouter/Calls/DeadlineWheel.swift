package import NIOCore

/// What a deadline ends. The wheel keeps it in a list of its own, without allocating; an object is in one wheel at most once.
package class DeadlineEntry {
    @exclusivity(unchecked) fileprivate(set) var deadline = NIODeadline.distantFuture
    @exclusivity(unchecked) fileprivate var next: DeadlineEntry?
    // Safe: an entry leaves the list, and is cleared out of its neighbours, before it can go away, since the list holds it.
    @exclusivity(unchecked) fileprivate unowned(unsafe) var previous: DeadlineEntry?
    @exclusivity(unchecked) fileprivate var slot = -1

    // Not `package`: Swift 6.3 gives subclasses that do not inherit such an initializer a stub that calls itself.
    init() {}

    /// Called once on the loop when the time has come, unless the entry was removed before.
    package func deadlinePassed() {}
}

/// Deadlines of one event loop's calls: setting and removing one costs a few pointer writes, and only one timer of the loop
/// runs, and only while there are deadlines. They fire at most one tick late, never early.
///
/// A hashed timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987, scheme 6): entries lie in the
/// slot of their tick modulo the number of slots, and those that belong to a later turn are passed over.
package final class DeadlineWheel {
    private static let tick = TimeAmount.milliseconds(10)
    private static let slotCount = 1024

    private let eventLoop: any EventLoop
    @exclusivity(unchecked) private var slots: [DeadlineEntry?]
    @exclusivity(unchecked) private var count = 0
    @exclusivity(unchecked) private var current: Int64
    @exclusivity(unchecked) private var timer: Scheduled<Void>?

    package init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        slots = Array(repeating: nil, count: Self.slotCount)
        current = Self.tickIndex(.now())
    }

    /// Sets the entry's deadline, replacing an earlier one.
    package func insert(_ entry: DeadlineEntry, at deadline: NIODeadline) {
        remove(entry)
        if count == 0 { current = Self.tickIndex(.now()) }
        entry.deadline = deadline
        // The tick after the deadline's own has passed it for certain.
        let index = max(Self.tickIndex(deadline) + 1, current + 1)
        let slot = Int(index % Int64(Self.slotCount))
        entry.slot = slot
        entry.next = slots[slot]
        slots[slot]?.previous = entry
        slots[slot] = entry
        count += 1
        if timer == nil { arm() }
    }

    /// Removes the entry; does nothing where it has no deadline.
    package func remove(_ entry: DeadlineEntry) {
        guard entry.slot >= 0 else { return }
        if let previous = entry.previous { previous.next = entry.next } else { slots[entry.slot] = entry.next }
        entry.next?.previous = entry.previous
        entry.next = nil
        entry.previous = nil
        entry.slot = -1
        entry.deadline = .distantFuture
        count -= 1
    }

    /// Fires all that is due; the timer calls it, and tests.
    package func advance(to now: NIODeadline) {
        let target = Self.tickIndex(now)
        guard target > current else { return }
        var due: [DeadlineEntry] = []
        for index in (max(current + 1, target - Int64(Self.slotCount) + 1))...target {
            var entry = slots[Int(index % Int64(Self.slotCount))]
            while let candidate = entry {
                entry = candidate.next
                if candidate.deadline <= now { due.append(candidate) }
            }
        }
        current = target
        for entry in due where entry.slot >= 0 && entry.deadline <= now {
            remove(entry)
            entry.deadlinePassed()
        }
    }

    private func arm() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.scheduleTask(in: Self.tick) {
            let wheel = bound.value
            wheel.timer = nil
            wheel.advance(to: .now())
            if wheel.count > 0, wheel.timer == nil { wheel.arm() }
        }
    }

    private static func tickIndex(_ deadline: NIODeadline) -> Int64 {
        Int64(deadline.uptimeNanoseconds / UInt64(tick.nanoseconds))
    }
}
