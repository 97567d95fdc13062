import Synchronization

/// Counts the calls inside an instance (or activation), and keeps new ones out once it is closed.
///
/// Event loops see a new routing snapshot at different moments; the gate is what they agree on at once. A call enters by
/// compare-and-swap and takes the slow path where that fails. To close is to set the bit and to wait for zero.
package final class Gate: Sendable {
    private static let closedBit: UInt64 = 1 << 63

    private let word = Atomic<UInt64>(0)
    private let onDrained = Mutex<(@Sendable () -> Void)?>(nil)

    package init() {}

    /// Calls that are inside.
    package var inFlight: Int {
        Int(word.load(ordering: .relaxed) & ~Self.closedBit)
    }

    package var isClosed: Bool {
        word.load(ordering: .acquiring) & Self.closedBit != 0
    }

    /// Lets a call in; `false` where the gate is closed. Each entry is followed by one ``leave()``.
    package func enter() -> Bool {
        var current = word.load(ordering: .relaxed)
        while current & Self.closedBit == 0 {
            let (exchanged, original) = word.weakCompareExchange(
                expected: current, desired: current + 1, successOrdering: .acquiringAndReleasing,
                failureOrdering: .relaxed)
            if exchanged { return true }
            current = original
        }
        return false
    }

    /// Lets a call out.
    package func leave() {
        let (_, new) = word.wrappingSubtract(1, ordering: .acquiringAndReleasing)
        if new == Self.closedBit { drained() }
    }

    /// Keeps new calls out; `drained` is called once, from any thread, when the last call has left, at once if there is none.
    /// Closing again replaces the closure.
    package func close(drained: @escaping @Sendable () -> Void) {
        onDrained.withLock { $0 = drained }
        let (_, new) = word.bitwiseOr(Self.closedBit, ordering: .acquiringAndReleasing)
        if new == Self.closedBit { self.drained() }
    }

    /// Lets calls in again.
    package func reopen() {
        onDrained.withLock { $0 = nil }
        _ = word.bitwiseAnd(~Self.closedBit, ordering: .acquiringAndReleasing)
    }

    private func drained() {
        let action = onDrained.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        action?()
    }
}
