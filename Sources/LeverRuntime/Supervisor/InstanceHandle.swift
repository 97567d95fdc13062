import LeverCore
import Synchronization

/// An instance from the moment it is asked for: it can be told to end before the driver has returned it.
final class InstanceHandle: Sendable {
    private struct State {
        var instance: (any DriverInstance)?
        var terminationGrace: Duration?
    }

    private let state = Mutex(State())

    /// Takes what the driver returned; it ends at once where that was wished for meanwhile.
    func started(_ instance: any DriverInstance) {
        let grace = state.withLock { state in
            state.instance = instance
            return state.terminationGrace
        }
        if let grace { instance.terminate(grace: grace) }
    }

    /// How long it has used processors; `nil` where that is not known.
    func processorTime() -> Duration? { state.withLock { $0.instance }?.processorTime() }

    /// The last lines that it wrote; none before it runs.
    func lastOutput(_ count: Int) -> [String] {
        state.withLock { $0.instance }?.lastOutput(count) ?? []
    }

    /// Ends the instance, now or as soon as it runs.
    func terminate(grace: Duration) {
        let instance = state.withLock { state in
            state.terminationGrace = grace
            return state.instance
        }
        instance?.terminate(grace: grace)
    }
}
