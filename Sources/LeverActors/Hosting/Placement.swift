internal import Synchronization

/// The identity that is waiting for the actor that is made for it. An actor asks its system for its identity while it is
/// initialized, and nothing that its initializer passes on says for which resource that is.
final class Placement: Sendable {
    @TaskLocal static var current: Placement?

    private let id: LeverActorSystem.ActorID
    private let type: any Any.Type
    private let system: LeverActorSystem
    private let isTaken = Mutex(false)

    init(_ id: LeverActorSystem.ActorID, _ type: any Any.Type, in system: LeverActorSystem) {
        self.id = id
        self.type = type
        self.system = system
    }

    /// The identity, for the first actor of the type; others that are made meanwhile are not the one.
    func take(_ type: any Any.Type, in system: LeverActorSystem) -> LeverActorSystem.ActorID? {
        guard type == self.type, system === self.system else { return nil }
        return isTaken.withLock { isTaken in
            guard !isTaken else { return nil }
            isTaken = true
            return id
        }
    }
}
