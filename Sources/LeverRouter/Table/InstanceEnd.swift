import LeverTransport
package import NIOCore
import Synchronization

/// Why an instance ended, for the calls that were inside: their connection breaks before whoever runs the instance knows.
///
/// unknown → told. Who asks before that waits for the word, at most as long as the patience goes.
package final class InstanceEnd: Sendable {
    private struct State {
        var reason: String?
        var waiting: [@Sendable (String?) -> Void] = []
        var hasTimer = false
    }

    private let patience: Duration
    private let state = Mutex(State())

    package init(patience: Duration = .seconds(1)) {
        self.patience = patience
    }

    /// Says why, in words that continue a sentence: `it ran out of memory`. Only the first word counts.
    package func tell(_ reason: String) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.reason = state.reason ?? reason
            return state.waiting
        }
        for answer in waiting { answer(reason) }
    }

    /// Calls back with the reason, or with `nil` where it is not told in time; at once where it is known. From any thread.
    package func ask(_ eventLoop: any EventLoop, _ answer: @escaping @Sendable (String?) -> Void) {
        let (reason, startsTimer) = state.withLock { state in
            guard state.reason == nil else { return (state.reason, false) }
            state.waiting.append(answer)
            defer { state.hasTimer = true }
            return (nil, !state.hasTimer)
        }
        if let reason { return answer(reason) }
        if startsTimer { eventLoop.scheduleTask(in: TimeAmount(patience)) { self.giveUp() } }
    }

    /// The connection may have broken without the instance's end.
    private func giveUp() {
        let waiting = state.withLock { state in
            defer {
                state.waiting = []
                state.hasTimer = false
            }
            return state.waiting
        }
        for answer in waiting { answer(nil) }
    }
}
