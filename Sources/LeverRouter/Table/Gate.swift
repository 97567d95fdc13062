package import NIOCore
import Synchronization

/// Counts the calls inside an instance or an activation, and keeps new ones out once it is closed.
///
/// Event loops see a new routing snapshot at different moments; the gate is what they agree on at once. A call enters by
/// compare-and-swap and takes the slow path where that fails. To close is to set the bit and to wait for zero.
///
/// The word holds the count and two bits, *closed* and *closes when idle*. Calls change the count without a lock. The bits
/// change under the lock only, and so does what is to be called: what a late caller finds is never about an earlier closing.
package final class Gate: Sendable {
    /// What is called once nobody is inside; from any thread.
    package typealias Drained = @Sendable () -> Void

    private static let closedBit: UInt64 = 1 << 63
    private static let closingBit: UInt64 = 1 << 62
    private static let countMask = closingBit - 1

    private let word = Atomic<UInt64>(0)
    private let lastLeft: Atomic<Int64>
    private let onDrained = Mutex<Drained?>(nil)

    /// Makes an open gate without calls; it counts as just left.
    package init(at now: NIODeadline = .now()) {
        lastLeft = Atomic(Int64(bitPattern: now.uptimeNanoseconds))
    }

    /// Calls that are inside.
    package var inFlight: Int { Int(word.load(ordering: .relaxed) & Self.countMask) }

    package var isClosed: Bool { word.load(ordering: .acquiring) & Self.closedBit != 0 }

    // MARK: Calls

    /// Lets a call in; `false` where the gate is closed. Each entry is followed by one ``leave(at:)``.
    package func enter() -> Bool {
        enter { $0 & Self.closedBit == 0 }
    }

    /// Lets a call in that is made on behalf of one inside: into a closed gate, too, as long as somebody is inside. `false`
    /// where nobody is any more.
    package func enterNested() -> Bool {
        enter { $0 & Self.closedBit == 0 || $0 & Self.countMask > 0 }
    }

    /// Counts a call in, whether the gate is closed or not; whoever waits for it to drain asks again.
    package func enterClosed() {
        word.add(1, ordering: .acquiringAndReleasing)
    }

    @inline(__always)
    private func enter(_ isAllowed: (UInt64) -> Bool) -> Bool {
        var current = word.load(ordering: .relaxed)
        while isAllowed(current) {
            let (exchanged, original) = word.weakCompareExchange(
                expected: current, desired: current + 1, successOrdering: .acquiringAndReleasing,
                failureOrdering: .relaxed)
            if exchanged { return true }
            current = original
        }
        return false
    }

    /// Lets a call out, and notes when that was.
    package func leave(at now: NIODeadline = .now()) {
        lastLeft.store(Int64(bitPattern: now.uptimeNanoseconds), ordering: .relaxed)
        let (_, new) = word.subtract(1, ordering: .acquiringAndReleasing)
        if new == Self.closedBit || new == Self.closingBit { emptied() }
    }

    /// For how long no call has been inside; zero while one is.
    package func idleTime(at now: NIODeadline) -> Duration {
        guard inFlight == 0 else { return .zero }
        let since = lastLeft.load(ordering: .relaxed)
        return .nanoseconds(max(0, Int64(bitPattern: now.uptimeNanoseconds) - since))
    }

    // MARK: Closing

    /// Keeps new calls out; `drained` is called once, when the last call has left, at once if there is none. Takes the place
    /// of an earlier closing, and of ``closeWhenIdle(drained:)``; what was to be called for that is not called any more.
    package func close(drained: @escaping Drained) {
        let isEmpty = onDrained.withLock { waiting in
            let isEmpty = change { ($0 & Self.countMask) | Self.closedBit } == Self.closedBit
            waiting = isEmpty ? nil : drained
            return isEmpty
        }
        if isEmpty { drained() }
    }

    /// Closes the gate at the first moment at which nobody is inside, which may be now, and calls `drained` then, once. Calls
    /// go in until then. A gate that is closed already stays so.
    package func closeWhenIdle(drained: @escaping Drained) {
        let isEmpty = onDrained.withLock { waiting in
            let new = change { current in
                if current & Self.closedBit != 0 { return current }
                return current & Self.countMask == 0 ? Self.closedBit : current | Self.closingBit
            }
            waiting = new == Self.closedBit ? nil : drained
            return new == Self.closedBit
        }
        if isEmpty { drained() }
    }

    /// Closes the gate in one step if nobody is inside; `false` where somebody is, and then nothing has changed.
    package func closeIfIdle() -> Bool {
        let (isClosed, drained) = onDrained.withLock { waiting -> (Bool, Drained?) in
            let new = change { $0 & Self.countMask == 0 ? Self.closedBit : $0 }
            guard new == Self.closedBit else { return (false, nil) }
            // It may have been about to close itself.
            defer { waiting = nil }
            return (true, waiting)
        }
        drained?()
        return isClosed
    }

    /// Lets calls in again; what was to be called is not called any more.
    package func reopen() {
        onDrained.withLock { waiting in
            waiting = nil
            _ = change { $0 & Self.countMask }
        }
    }

    /// Changes the word in one step and returns what it is then; to be called with the lock held.
    private func change(_ body: (UInt64) -> UInt64) -> UInt64 {
        var current = word.load(ordering: .acquiring)
        while true {
            let (exchanged, original) = word.compareExchange(
                expected: current, desired: body(current), successOrdering: .acquiringAndReleasing,
                failureOrdering: .acquiring)
            if exchanged { return body(current) }
            current = original
        }
    }

    /// The last call has left. Somebody may have come since, or the gate been opened: then there is nothing to do.
    private func emptied() {
        let drained = onDrained.withLock { waiting -> Drained? in
            guard change({ $0 == Self.closingBit ? Self.closedBit : $0 }) == Self.closedBit else { return nil }
            defer { waiting = nil }
            return waiting
        }
        drained?()
    }
}
