import Synchronization

/// The newest elements of a sequence that never ends, in bounded memory, numbered from 1: written from anywhere, read by any
/// number of readers.
///
/// There is one copy of it and no queue per reader: a reader says up to which number it has read, and one that is too slow
/// finds that what it wanted has been overwritten, and how much of it. So whoever writes never waits, and no reader costs
/// memory.
package final class BoundedLog<Element: Sendable>: Sendable {
    /// What a reader gets at once.
    package struct Batch: Sendable {
        /// The elements, oldest first.
        package var elements: [Element] = []
        /// Elements between the number that the reader gave and the first one here: they were overwritten.
        package var dropped = 0
        /// The number to read on after.
        package var last: Int
    }

    private struct State: Sendable {
        /// A ring once it is full; `next` is then its oldest element.
        var elements: [Element] = []
        var next = 0
        /// The number of the newest element.
        var last = 0
        var hasEnded = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var tickets = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: how many elements are kept, at least one.
    package init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    /// The number of the newest element; 0 before the first.
    package var last: Int { state.withLock { $0.last } }

    /// Whether nothing more comes.
    package var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// Adds an element that is made from its number.
    package func append(_ make: (Int) -> Element) {
        let waiting = state.withLock { state in
            let element = make(state.last + 1)
            add(element, to: &state)
            return takeWaiting(of: &state)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Adds elements, oldest first.
    package func append(contentsOf elements: [Element]) {
        guard !elements.isEmpty else { return }
        let waiting = state.withLock { state in
            for element in elements { add(element, to: &state) }
            return takeWaiting(of: &state)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Says that nothing more comes: readers end after the last element.
    package func end() {
        let waiting = state.withLock { state in
            state.hasEnded = true
            return takeWaiting(of: &state)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// What is there after a number, the oldest `limit` elements of it; at once.
    package func read(after number: Int, limit: Int = .max) -> Batch {
        state.withLock { read($0, number, limit) }
    }

    /// The newest elements, oldest first, at most `count`.
    package func newest(_ count: Int) -> Batch {
        state.withLock { state in
            let count = min(max(0, count), state.elements.count)
            return read(state, state.last - count, count)
        }
    }

    /// As ``read(after:limit:)``, but waits for an element; `nil` once there will be none, or where the task is cancelled.
    package func next(after number: Int, limit: Int = .max) async -> Batch? {
        // A number of a log before this one means nothing here.
        let number = min(number, last)
        while !Task.isCancelled {
            let (batch, hasEnded) = state.withLock { (read($0, number, limit), $0.hasEnded) }
            if !batch.elements.isEmpty { return batch }
            if hasEnded { return nil }
            await change(after: number)
        }
        return nil
    }

    /// Waits until there is something after a number and gives that of the newest element; `nil` once there will be nothing, or
    /// where the task is cancelled.
    package func changed(after number: Int) async -> Int? {
        while !Task.isCancelled {
            let (last, hasEnded) = state.withLock { ($0.last, $0.hasEnded) }
            if last > number { return last }
            if hasEnded { return nil }
            await change(after: number)
        }
        return nil
    }

    private func read(_ state: State, _ number: Int, _ limit: Int) -> Batch {
        let number = min(max(number, 0), state.last)
        let oldest = state.last - state.elements.count + 1
        let first = max(number + 1, oldest)
        guard first <= state.last, limit > 0 else { return Batch(last: number) }
        let last = first + min(limit, state.last - first + 1) - 1
        let count = state.elements.count
        let elements = (first...last).map { state.elements[(state.next + $0 - oldest) % count] }
        return Batch(elements: elements, dropped: first - number - 1, last: last)
    }

    private func add(_ element: Element, to state: inout State) {
        state.last += 1
        if state.elements.count < capacity {
            state.elements.append(element)
        } else {
            state.elements[state.next] = element
            state.next = (state.next + 1) % capacity
        }
    }

    private func takeWaiting(of state: inout State) -> [CheckedContinuation<Void, Never>] {
        guard !state.waiting.isEmpty else { return [] }
        defer { state.waiting = [:] }
        return Array(state.waiting.values)
    }

    /// Waits until there is something after a number, until the end, or until the task is cancelled.
    private func change(after number: Int) async {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    // The handler below runs either before this, and is seen here, or after it, and finds the continuation.
                    if Task.isCancelled || state.hasEnded || state.last > number { return true }
                    state.waiting[ticket] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
        }
    }
}
