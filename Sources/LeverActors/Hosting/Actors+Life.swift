internal import Distributed
internal import LeverCore
internal import LeverService

extension Actors {
    /// Makes the actor of a resource that came to this instance; `nil` where the resource is none of these actors.
    ///
    /// - Throws: what making it and its hook throw. Nothing stays then.
    func open(_ resource: ResourceContext, _ table: ActorMethodTable<Act>) async throws -> HostedActor<Act>? {
        guard ResourcePrefix(prefix).contains(resource.name) else { return nil }
        let origin = CallContext.current
        let id = system.complete(
            LeverActorSystem.ActorID(
                resource.name, service: origin?.url.service, environment: origin?.url.environment))
        let actor = try await Placement.$current.withValue(Placement(id, Act.self, in: system)) {
            try await make(system, id)
        }
        guard actor.id == id else {
            throw RPCError(
                .defect,
                "the closure of Actors(\(Act.self).self) gave an actor that is not of its making: it should make a new one, "
                    + "with the system that it gets, at each call")
        }
        let activation = Activation(id, epoch: resource.epoch, origin: origin) { name in
            guard let method = table.methods[name] else {
                throw RPCError(.noMethod, "\(Act.self) has no method \"\(name)\"; it has \(table.methodList)")
            }
            return { context, arguments in try await method(actor, context, arguments) }
        }
        try system.hosted.add(activation)
        do {
            try await activation.open { try await activated(actor, resource.epoch) }
        } catch {
            system.hosted.remove(activation)
            throw error
        }
        return HostedActor(actor, activation, in: system, deactivating)
    }
}

/// What is kept for a resource: an actor, or nothing where it is none of these actors.
struct ActorPlace<Act: Sendable>: Sendable {
    let actor: HostedActor<Act>?
}

/// An actor that is on this instance.
final class HostedActor<Act: Sendable>: Sendable {
    let actor: Act
    private let activation: Activation
    private let system: LeverActorSystem
    private let deactivating: @Sendable (Act) async -> Void

    init(
        _ actor: Act, _ activation: Activation, in system: LeverActorSystem,
        _ deactivating: @escaping @Sendable (Act) async -> Void
    ) {
        self.actor = actor
        self.activation = activation
        self.system = system
        self.deactivating = deactivating
    }

    /// Gives the actor up, once the calls that are in progress on this instance have returned.
    ///
    /// - Throws: `CancellationError` where the task is cancelled while it waits for them: the actor stays then, closed to calls.
    func close() async throws {
        // The host asks for it in a call. Without one the program is about to end, and waits no longer.
        try await activation.close(waits: CallContext.current != nil) { await deactivating(actor) }
        system.hosted.remove(activation)
    }
}
