/// What is to happen at which virtual time; what happens at the same time does so in the order in which it was added.
struct Agenda {
    private struct Entry {
        let at: ContinuousClock.Instant
        let number: Int
        let action: @Sendable () -> Void
    }

    /// The soonest comes last.
    private var entries: [Entry] = []
    private var added = 0

    /// When the next thing is to happen.
    var soonest: ContinuousClock.Instant? { entries.last?.at }

    /// Adds something; the number takes it out again.
    mutating func add(at time: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> Int {
        added += 1
        let index = entries.firstIndex { $0.at <= time } ?? entries.endIndex
        entries.insert(Entry(at: time, number: added, action: action), at: index)
        return added
    }

    mutating func remove(_ number: Int) {
        entries.removeAll { $0.number == number }
    }

    mutating func removeSoonest() -> (@Sendable () -> Void)? {
        entries.popLast()?.action
    }
}
