/// What the router's gate does, without its atomics: counts who is inside, and keeps others out once it is closed.
final class SimulatedGate {
    private enum State {
        case open
        case closesWhenIdle
        case closed
    }

    private var state = State.open
    private var drained: (() -> Void)?
    /// Calls that are inside.
    private(set) var inside = 0
    /// When the last one left.
    private(set) var lastLeft: ContinuousClock.Instant

    init(at now: ContinuousClock.Instant) {
        lastLeft = now
    }

    var isClosed: Bool { state == .closed }

    func enter() -> Bool {
        guard !isClosed else { return false }
        inside += 1
        return true
    }

    /// Lets a call in that is made on behalf of one inside.
    func enterNested() -> Bool {
        guard !isClosed || inside > 0 else { return false }
        inside += 1
        return true
    }

    /// Counts a call in, whether the gate is closed or not.
    func enterClosed() {
        inside += 1
    }

    func leave(at now: ContinuousClock.Instant) {
        inside -= 1
        lastLeft = now
        guard inside == 0, state != .open else { return }
        state = .closed
        tell()
    }

    func close(drained: @escaping () -> Void) {
        state = .closed
        self.drained = drained
        if inside == 0 { tell() }
    }

    func closeWhenIdle(drained: @escaping () -> Void) {
        self.drained = drained
        if inside == 0 { state = .closed }
        if isClosed { tell() } else { state = .closesWhenIdle }
    }

    func closeIfIdle() -> Bool {
        guard inside == 0 else { return false }
        state = .closed
        tell()
        return true
    }

    func reopen() {
        state = .open
        drained = nil
    }

    private func tell() {
        let drained = drained
        self.drained = nil
        drained?()
    }
}
