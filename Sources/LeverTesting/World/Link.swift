import Synchronization

/// The way between the host and one instance. While it is cut, whatever is on it waits.
final class Link: Sendable {
    private struct State {
        var isCut = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var isCut: Bool { state.withLock { $0.isCut } }

    /// Returns once what is sent now arrives.
    func pass() async {
        guard isCut else { return }
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if state.isCut { state.waiting.append(continuation) }
                return !state.isCut
            }
            if isOpen { continuation.resume() }
        }
    }

    func cut() {
        state.withLock { $0.isCut = true }
    }

    func mend() {
        let waiting = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
