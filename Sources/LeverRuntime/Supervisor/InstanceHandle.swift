import LeverCore
import Synchronization

/// An instance from the moment it is asked for: it can be told to end before the driver has returned it.
final class InstanceHandle: Sendable {
    private struct State {
        var start: DriverStart?
        var instance: (any DriverInstance)?
        var terminationGrace: Duration?
    }

    private let state = Mutex(State())

    /// The driver is about to be asked; where the end was wished for already, it is not.
    func starting(_ start: DriverStart) {
        let isUnwanted = state.withLock { state in
            state.start = start
            return state.terminationGrace != nil
        }
        if isUnwanted { start.cancel() }
    }

    /// Takes what the driver returned; it ends at once where that was wished for meanwhile.
    func started(_ instance: any DriverInstance) {
        let grace = state.withLock { state in
            state.start = nil
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

    /// Ends the instance; where it is being started, that is given up.
    func terminate(grace: Duration) {
        let (start, instance) = state.withLock { state in
            state.terminationGrace = grace
            return (state.start, state.instance)
        }
        start?.cancel()
        instance?.terminate(grace: grace)
    }
}
