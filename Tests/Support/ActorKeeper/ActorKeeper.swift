import Distributed
import LeverActors
import LeverClient
import LeverCore
import LeverService

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Keeps in memory how often it was called.
distributed actor Keeper: VirtualActor {
    private var count = 0

    /// The instance, the epoch of the activation, and the number of calls of it.
    distributed func touch() -> [LeverValue] {
        count += 1
        print("touch", id.resource, count)
        let epoch = CallContext.current?.epoch ?? 0
        return [.string(ActorKeeper.instance), .number(Double(epoch)), .number(Double(count))]
    }
}

/// A service of actors without Foundation, small enough to be deployed with its libraries into any image.
@main struct ActorKeeper: LeverServiceMain {
    static let instance = InstanceEnvironment.current.instanceID ?? "none"

    static var service: ServiceDefinition {
        get throws {
            let environment = InstanceEnvironment.current
            let client = try LeverClient(host: environment.gateway)
            Actors(Keeper.self) { system, _ in Keeper(actorSystem: system) }
            Method("Id") { instance }
            Method("Version") { environment.config["version"] ?? .null }
            Method("Through") { try await client.service("dev.lever", "keeper").invoke("Id", as: String.self) }
            Method("Exit") { exit(3) }
        }
    }
}
