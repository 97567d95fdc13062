internal import LeverCore
internal import Synchronization

/// The actors of one system that are on this instance.
final class HostedActors: Sendable {
    private let activations = Mutex<[LeverActorSystem.ActorID: Activation]>([:])

    var isEmpty: Bool { activations.withLock { $0.isEmpty } }

    subscript(id: LeverActorSystem.ActorID) -> Activation? {
        activations.withLock { $0[id] }
    }

    /// Adds an actor.
    ///
    /// - Throws: `RPCError` where it is here already.
    func add(_ activation: Activation) throws(RPCError) {
        let isNew = activations.withLock { activations in
            guard activations[activation.id] == nil else { return false }
            activations[activation.id] = activation
            return true
        }
        guard isNew else {
            throw RPCError(.resourceUnavailable, "the actor \(activation.id) has not left this process yet")
        }
    }

    func remove(_ activation: Activation) {
        activations.withLock { activations in
            if activations[activation.id] === activation { activations[activation.id] = nil }
        }
    }
}
