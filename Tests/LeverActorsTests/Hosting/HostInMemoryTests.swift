import Distributed
import LeverActors
import LeverClient
import LeverCore
import LeverService
import LeverTesting
import Testing

/// Actors of several instances, with the decisions of a host around them.
@Suite struct HostInMemoryTests {
    /// Deploys the service of rooms: each instance has a system of its own, as each process has.
    private func deploy(_ journal: Journal, to host: LeverTestHost) async throws {
        let client = host.client
        try await host.deploy(as: "chat", minInstances: 2) {
            let system = try LeverActorSystem(client: client, service: "chat")
            return LeverService {
                Actors(Room.self, system: system) { system, _ in Room(journal, actorSystem: system) }
            }.handler()
        }
    }

    @Test func anActorIsOneActivationUnderUpgradeAndCrash() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await deploy(journal, to: host)
            let outside = try LeverActorSystem(client: host.client, service: "chat")
            let room = try Room.resolve(id: .init("lobby"), using: outside)
            #expect(try await room.say("one") == 1)
            #expect(try await room.say("two") == 2)
            try await deploy(journal, to: host)
            await host.settle()
            #expect(try await room.say("three") == 1)
            let holder = try #require(host.activation(of: "lobby", in: "chat")?.instance)
            host.crash(try #require(host.instances("chat").first { $0.id == holder }))
            #expect(try await room.say("four") == 1)
            let epochs = host.epochs(of: "lobby", in: "chat")
            #expect(epochs.count == 3)
            #expect(epochs == epochs.sorted())
            #expect(
                journal.all.filter { $0.hasPrefix("lobby") } == [
                    "lobby activated \(epochs[0])", "lobby deactivating", "lobby activated \(epochs[1])",
                    "lobby activated \(epochs[2])",
                ])
        }
    }

    @Test func actorsOfTwoInstancesCallEachOther() async throws {
        try await withTestHost { host in
            try await deploy(Journal(), to: host)
            let outside = try LeverActorSystem(client: host.client, service: "chat")
            // Each goes to the instance that has fewer.
            let names = ["a", "b"]
            for name in names { _ = try await Room.resolve(id: .init(name), using: outside).say("hello") }
            let holders = names.compactMap { host.activation(of: $0, in: "chat")?.instance }
            #expect(Set(holders).count == 2)
            let answer = try await Room.resolve(id: .init("a"), using: outside).ask("b")
            #expect(answer.last == "b")
            #expect(answer[0] == .number(Double(host.epochs(of: "b", in: "chat")[0].rawValue)))
            #expect(answer[1] == 1)
        }
    }
}
