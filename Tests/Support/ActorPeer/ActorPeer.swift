import ActorPeerInterface
import Foundation
import LeverActors
import LeverCore
import LeverService

/// A service of actors, for tests with real instances. Its `config` says where its journal is (`log`, `store`) and what it is
/// called (`version`).
@main struct ActorPeer: LeverServiceMain {
    @ServiceBuilder static var service: ServiceDefinition {
        get async throws {
            let instance = InstanceEnvironment.current
            let journal = Journal(
                log: instance.config["log"]?.stringValue ?? "/dev/null",
                store: instance.config["store"]?.stringValue ?? "/nonexistent",
                instance: instance.instanceID ?? "none")
            Actors(Witness.self) { system, _ in
                Witness(journal, actorSystem: system)
            } methods: {
                ResourceChannelMethod("talkChan") { (witness: Witness, channel: LeverChannel) in
                    try await channel.send("\(try await witness.touch(0).epoch)")
                    for try await message in channel { try await channel.send(message) }
                }
            }
            Method("Version") { instance.config["version"] ?? .null }
            Method("Pid") { getpid() }
        }
    }
}
