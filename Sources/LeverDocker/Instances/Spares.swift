import LeverCore
import Synchronization

/// Instances that were made ahead and stand still, or are being made.
final class Spares: Sendable {
    private struct Spare {
        var version: Int
        var service: ServiceID
        var made: Task<DockerInstance, any Error>
    }

    private struct State {
        var spares: [InstanceID: Spare] = [:]
        /// Those that end, by their ids: another instance of the id has to wait for them.
        var ending: [InstanceID: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Keeps one that is being made.
    func keep(_ made: Task<DockerInstance, any Error>, _ specification: InstanceSpecification) {
        state.withLock { state in
            let spare = Spare(version: specification.version, service: specification.service, made: made)
            guard let old = state.spares.updateValue(spare, forKey: specification.id) else { return }
            end(old, specification.id, &state)
        }
    }

    /// Gives the one for an instance away; one of another version is ended.
    func take(_ specification: InstanceSpecification) -> Task<DockerInstance, any Error>? {
        state.withLock { state in
            guard let spare = state.spares.removeValue(forKey: specification.id) else { return nil }
            if spare.version == specification.version, spare.service == specification.service { return spare.made }
            end(spare, specification.id, &state)
            return nil
        }
    }

    /// Ends one.
    func drop(_ id: InstanceID) {
        state.withLock { state in
            if let spare = state.spares.removeValue(forKey: id) { end(spare, id, &state) }
        }
    }

    /// Returns once nothing is left of earlier ones with this id.
    func waitForEnd(of id: InstanceID) async {
        await state.withLock { $0.ending[id] }?.value
    }

    private func end(_ spare: Spare, _ id: InstanceID, _ state: inout State) {
        spare.made.cancel()
        let earlier = state.ending[id]
        let task = Task {
            await earlier?.value
            guard let instance = try? await spare.made.value else { return }
            instance.terminate(grace: .zero)
            _ = await instance.exit()
        }
        state.ending[id] = task
        Task {
            await task.value
            self.state.withLock { state in
                if state.ending[id] == task { state.ending[id] = nil }
            }
        }
    }
}
