import LeverActors
import LeverClient
import LeverCore
import LeverService
import LeverTransport

/// A service of actors with its router, in this process.
struct Chat {
    let router = TestRouter()
    /// What the service's actors call through.
    let system: LeverActorSystem
    /// What others call through.
    let outside: LeverActorSystem
    let service: ServiceEndpoint

    /// - Parameter components: What the service consists of, in a system.
    init(
        _ configuration: LeverActorSystem.Configuration = .defaults,
        @ServiceBuilder _ components: (LeverActorSystem) throws -> ServiceDefinition
    ) throws {
        let client = LeverClient(transport: InProcessTransport(handler: router))
        system = try LeverActorSystem(client: client, service: "chat", configuration: configuration)
        outside = try LeverActorSystem(client: client, service: "chat")
        service = try client.service("dev.lever", "chat")
        router.instance = LeverService(try components(system)).handler()
    }

    /// A service of rooms.
    static func rooms(
        _ journal: Journal = Journal(), _ configuration: LeverActorSystem.Configuration = .defaults
    ) throws -> Chat {
        try Chat(configuration) { system in
            Actors(Room.self, system: system) { system, _ in Room(journal, actorSystem: system) }
        }
    }

    /// A room as others see it.
    func room(_ name: String) throws -> Room {
        try Room.resolve(id: .init(name), using: outside)
    }
}
