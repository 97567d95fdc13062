import ActorPeerInterface
import Foundation
import LeverActors
import LeverClient
import LeverCore
import LeverRuntime
import Testing

@Suite("Actors, with real instances", .timeLimit(.minutes(3))) struct ActorServiceTests {
    @Test func stubCurlAndJavaScriptCallTheSameActivation() async throws {
        let service = try ActorService()
        try await EmbeddedHost.with { host in
            try await service.deploy(to: host, 1)
            let touch = try await host.actor("room").touch(0)
            #expect(touch.epoch > 0)
            #expect(try await host.actor("room").add(3) == 3)
            let curl = try await Command.run(
                "curl",
                [
                    "-s", "-H", "Content-Type: application/json", "-d", "[4]",
                    "http://\(host.address)/witness/room/add?forceenv=dev.lever",
                ])
            #expect(curl.output.trimmingCharacters(in: .whitespacesAndNewlines) == "7")
            _ = try await host.deploy(
                """
                const leveros = require("leveros");
                exports.Add = async (n) => await new leveros.Client().service("dev.lever", "witness").resource("room").invoke("add", n);
                """)
            #expect(try await host.call("Add", 5) == 12)
            #expect(try await host.actor("room").touch(0) == touch)
            await #expect(throws: PeerError.refused(reason: "full")) { try await host.actor("room").refuse("full") }
            let wrong = try await Command.run(
                "curl",
                [
                    "-s", "-H", "Content-Type: application/json", "-d", "[\"x\"]",
                    "http://\(host.address)/witness/room/add?forceenv=dev.lever",
                ])
            #expect(wrong.output.contains("argument 1 of add should be Int, but is a string"), "\(wrong.output)")
        }
        let activations = try service.witness.check()
        #expect(activations == ["room": 1])
    }

    @Test func actorThatRefusesToComeIsToldAndOthersGoOn() async throws {
        let service = try ActorService()
        try await EmbeddedHost.with { host in
            try await service.deploy(to: host, 1)
            let error = await #expect(throws: RPCError.self) { try await host.actor("refused").touch(0) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("no such room") == true, "\(error?.message ?? "")")
            #expect(try await host.actor("good").touch(0).epoch > 0)
        }
        let activations = try service.witness.check()
        #expect(Set(activations.keys) == ["good"])
    }

    @Test func actorsOnTwoInstancesCallEachOther() async throws {
        let service = try ActorService()
        try await EmbeddedHost.with { host in
            try await service.deploy(to: host, 1, instances: 2)
            _ = try await host.witnessInstances(expecting: 2)
            let names = (0..<12).map { "r\($0)" }
            var places: [String: Touch] = [:]
            for name in names { places[name] = try await host.actor(name).touch(0) }
            let found = places
            #expect(Set(places.values.map(\.instance)).count == 2, "all are on one instance: the test says nothing")
            // Each visits all, itself included: some are here, others there.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names {
                    group.addTask {
                        let touches = try await host.actor(name).visit(names, for: 1)
                        #expect(touches == names.map { found[$0] })
                        for other in names {
                            let bounced = try await host.actor(name).bounce(off: other)
                            #expect(bounced == [found[name], found[name], found[other]])
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        let activations = try service.witness.check()
        #expect(activations.values.allSatisfy { $0 == 1 })
    }

    @Test func channelGoesToAnActor() async throws {
        let service = try ActorService()
        try await EmbeddedHost.with { host in
            try await service.deploy(to: host, 1)
            let touch = try await host.actor("room").touch(0)
            let room = try host.network.service("dev.lever", "witness").resource("room")
            let channel = try await room.channel("talkChan")
            #expect(try await channel.receive() == .value("\(touch.epoch)"))
            try await channel.send("x")
            #expect(try await channel.receive() == .value("x"))
            try await channel.finish()
            #expect(try await channel.receive() == nil)
        }
    }
}
