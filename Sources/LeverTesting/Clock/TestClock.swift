import Synchronization

/// A clock whose time moves only when the test says so.
///
/// ```swift
/// let clock = TestClock()
/// async let late: Void = clock.sleep(for: .seconds(3600))
/// await clock.advance(by: .seconds(3600))
/// try await late
/// ```
///
/// Before each step of its time, the clock waits until the tasks that it knows of can do no more: those that run on its
/// ``executor``. What others do (tasks made with `Task { }`, the main actor, real I/O, `Task.sleep`) it cannot see; it gives them
/// some turns of the process's own executor, and then goes on. Where that is not enough, wait with
/// ``eventually(within:_:)`` before the time is moved.
public final class TestClock: Clock {
    /// Times of the clock; they begin at the moment at which it was made.
    public typealias Instant = ContinuousClock.Instant
    /// Times between them.
    public typealias Duration = Swift.Duration

    private struct State {
        var now: Instant
        var agenda = Agenda()
    }

    /// Where tasks run that the clock waits for.
    public let executor = TestExecutor()
    /// The time at which the clock began.
    public let start: Instant
    private let state: Mutex<State>

    /// Makes a clock that stands still.
    public init() {
        start = .now
        state = Mutex(State(now: start))
    }

    /// The virtual time.
    public var now: Instant { state.withLock { $0.now } }
    /// How much virtual time has passed since the clock was made.
    public var elapsed: Duration { now - start }
    /// Times are exact.
    public var minimumResolution: Duration { .zero }

    /// Waits for a virtual time.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        try Task.checkCancellation()
        guard deadline > now else { return }
        let over = Outcome<Void>()
        let number = schedule(at: deadline) { over.finish(.success(())) }
        defer { unschedule(number) }
        try await withTaskCancellationHandler {
            try await over.value()
        } onCancel: {
            over.finish(.failure(CancellationError()))
        }
    }

    /// Lets time pass: all that is to happen until then happens, in its order. One task at a time may move a clock.
    public func advance(by duration: Duration) async {
        await advance(to: now + duration)
    }

    /// Lets time pass up to a moment; see ``advance(by:)``. One that has passed already changes nothing.
    public func advance(to end: Instant) async {
        repeat { await settle() } while step(upTo: end)
        await settle()
    }

    /// Waits until nothing more happens at this moment, as far as can be known.
    public func settle() async {
        await executor.idle()
        // Code that runs elsewhere gets some turns, and may have brought something to do.
        for _ in 0..<4 {
            await Task.detached { await Task.yield() }.value
            await executor.idle()
        }
    }

    // MARK: What the host does

    func schedule(at time: Instant, _ action: @escaping @Sendable () -> Void) -> Int {
        state.withLock { $0.agenda.add(at: max(time, $0.now), action) }
    }

    func unschedule(_ number: Int) {
        state.withLock { $0.agenda.remove(number) }
    }

    /// Moves the time on to the next thing that happens and does it; to the end where nothing is to happen before.
    ///
    /// - Returns: Whether something happened.
    func step(upTo end: Instant) -> Bool {
        let action = state.withLock { state -> (@Sendable () -> Void)? in
            guard let next = state.agenda.soonest, next <= end else {
                state.now = max(state.now, end)
                return nil
            }
            state.now = max(state.now, next)
            return state.agenda.removeSoonest()
        }
        action?()
        return action != nil
    }
}
