import LeverCore
import Synchronization

/// Instances that were made ahead and stand still, or are being made.
final class Spares: Sendable {
    private struct Spare {
        var version: Int
        var service: ServiceID
        var made: Task<DockerInstance, any Error>
    }

    private let spares = Mutex<[InstanceID: Spare]>([:])

    /// Keeps one that is being made.
    func keep(_ made: Task<DockerInstance, any Error>, _ specification: InstanceSpecification) {
        let old = spares.withLock {
            $0.updateValue(
                Spare(version: specification.version, service: specification.service, made: made),
                forKey: specification.id)
        }
        if let old { Self.end(old.made) }
    }

    /// Gives the one for an instance away; one of another version is ended.
    func take(_ specification: InstanceSpecification) -> Task<DockerInstance, any Error>? {
        guard let spare = spares.withLock({ $0.removeValue(forKey: specification.id) }) else { return nil }
        guard spare.version == specification.version, spare.service == specification.service else {
            Self.end(spare.made)
            return nil
        }
        return spare.made
    }

    /// Ends one.
    func drop(_ id: InstanceID) {
        if let spare = spares.withLock({ $0.removeValue(forKey: id) }) { Self.end(spare.made) }
    }

    private static func end(_ made: Task<DockerInstance, any Error>) {
        made.cancel()
        Task { if let instance = try? await made.value { instance.terminate(grace: .zero) } }
    }
}
