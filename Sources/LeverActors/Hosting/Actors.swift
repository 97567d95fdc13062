public import Distributed
internal import LeverCore
public import LeverService

/// The part of a service that is virtual actors: each resource that comes to the instance becomes an actor.
///
/// ```swift
/// @main struct Chat: LeverServiceMain {
///     static var service: ServiceDefinition {
///         Actors(Room.self) { system, id in Room(actorSystem: system) }
///     }
/// }
/// ```
///
/// All distributed methods of the type are methods of the service, under their names without labels: `say(_:)` is called at
/// `lever://dev.lever/chat/<name of the room>/say`, from Swift through the actor's stand-in, from `curl` and JavaScript as any
/// method. A distributed property is a method without parameters. Two methods whose names differ only in their labels, and names
/// that end in `Chan`, are a mistake of the program, which ends with a message that says which. Generic methods, and those that a protocol's
/// extension implements, cannot be called from elsewhere.
///
/// An actor is made when its resource comes to the instance, before its first call: the closure makes it, then
/// ``VirtualActor/activated(epoch:)`` runs. Where one of them throws, nothing stays, and the calls that wait for the actor fail. When
/// the resource leaves, ``VirtualActor/deactivating()`` runs after the last call, and the actor is released.
///
/// **Several types in one service** share its names: each gets those with a prefix.
///
/// ```swift
/// Actors(Room.self, named: "room/") { system, id in Room(actorSystem: system) }
/// Actors(Person.self, named: "person/") { system, id in Person(actorSystem: system) }
/// ```
public struct Actors<Act: DistributedActor>: ServiceComponent where Act.ActorSystem == LeverActorSystem {
    /// Makes the actor of an identity.
    public typealias Maker = @concurrent @Sendable (LeverActorSystem, LeverActorSystem.ActorID) async throws -> Act

    let prefix: String
    let system: LeverActorSystem
    let make: Maker
    let activated: @Sendable (Act, UInt64) async throws -> Void
    let deactivating: @Sendable (Act) async -> Void
    let parts: [ResourceServicePart<Act>]

    /// Takes actors in.
    ///
    /// - Parameters:
    ///   - type: Their type.
    ///   - prefix: What the names of these actors begin with; without one all resources of the service are such actors.
    ///   - system: The system that they belong to. Actors that are to call each other without leaving the instance share one.
    ///   - make: Makes the actor of an identity: its initializer takes the system.
    ///   - methods: Further methods, with names of their own: those that a distributed method cannot be, such as channels.
    public init(
        _ type: Act.Type, named prefix: String = "", system: LeverActorSystem = .hosting, make: @escaping Maker,
        @ResourceMethodBuilder<Act> methods: () -> [ResourceServicePart<Act>] = { [] }
    ) where Act: VirtualActor {
        self.prefix = prefix
        self.system = system
        self.make = make
        activated = { actor, epoch in _ = try await actor.whenLocal { try await $0.activated(epoch: epoch) } }
        deactivating = { actor in _ = await actor.whenLocal { await $0.deactivating() } }
        parts = methods()
    }

    /// Takes actors in that have no hooks.
    ///
    /// - Parameters:
    ///   - type: Their type.
    ///   - prefix: What the names of these actors begin with; without one all resources of the service are such actors.
    ///   - system: The system that they belong to. Actors that are to call each other without leaving the instance share one.
    ///   - make: Makes the actor of an identity: its initializer takes the system.
    ///   - methods: Further methods, with names of their own: those that a distributed method cannot be, such as channels.
    public init(
        _ type: Act.Type, named prefix: String = "", system: LeverActorSystem = .hosting, make: @escaping Maker,
        @ResourceMethodBuilder<Act> methods: () -> [ResourceServicePart<Act>] = { [] }
    ) {
        self.prefix = prefix
        self.system = system
        self.make = make
        activated = { _, _ in }
        deactivating = { _ in }
        parts = methods()
    }

    /// Adds the actors' methods and their life to a service.
    public func add(to service: inout ServiceDefinition) {
        let table = ActorMethodTable<Act>(system, parts)
        let states = service.addResourceState(
            open: { resource in ActorPlace(actor: try await open(resource, table)) },
            close: { place, _ in try await place.actor?.close() })
        let resources: Set = [ResourcePrefix(prefix)]
        for (name, handler) in table.methods {
            service.addMethod(name.rawValue, of: resources) { context, arguments in
                try await handler(Self.actor(states.of(context), context), context, arguments)
            }
        }
        for (name, handler) in table.channels {
            service.addChannelMethod(name.rawValue, of: resources) { context, arguments, channel in
                try await handler(Self.actor(states.of(context), context), context, arguments, channel)
            }
        }
    }

    private static func actor(_ place: ActorPlace<Act>, _ context: CallContext) throws(RPCError) -> Act {
        if let hosted = place.actor { return hosted.actor }
        throw RPCError(
            .noResource,
            "resource \"\(context.url.resource)\" of service \(context.url.service) is no \(Act.self)")
    }
}
