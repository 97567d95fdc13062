internal import LeverCore

/// What the router's gate does, without its atomics: counts who is inside, and keeps others out once it is closed.
final class Gate {
    private enum State {
        case open
        case closesWhenIdle
        case closed
    }

    private var state = State.open
    private var drained: (() -> Void)?
    private(set) var inside = 0
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

    /// Counts a call in that is made on behalf of one inside, or that entered by a resource's gate.
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
