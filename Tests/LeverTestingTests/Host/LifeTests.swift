import LeverClient
import LeverCore
import LeverService
import LeverTesting
import Testing

/// Scaling, upgrades and moves in virtual time.
@Suite struct LifeTests {
    @Test func whatIsNotUsedGoesToZeroAndComesBack() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat")
            let lobby = try host.client.service("chat").resource("lobby")
            _ = try await lobby.invoke("Say", "one", as: Int.self)
            try await host.advance(within: .seconds(900)) { host.instances("chat").isEmpty }
            #expect(host.clock.elapsed > .seconds(60))
            // It was given up in order before.
            #expect(journal.all == ["new lobby", "close lobby"])
            #expect(try await lobby.invoke("Say", "two", as: Int.self) == 1)
            #expect(host.epochs(of: "lobby", in: "chat").count == 2)
        }
    }

    @Test func anIdleResourceIsClosedWhileItsInstanceStays() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat", minInstances: 1)
            _ = try await host.client.service("chat").resource("lobby").invoke("Say", "one", as: Int.self)
            await host.advance(by: .seconds(170))
            #expect(journal.all == ["new lobby"])
            await host.advance(by: .seconds(30))
            #expect(journal.all == ["new lobby", "close lobby"])
            #expect(host.activation(of: "lobby", in: "chat") == nil)
            #expect(host.instances("chat").count == 1)
        }
    }

    @Test func loadMakesInstancesUpToTheMost() async throws {
        try await withTestHost { host in
            try await host.deploy(
                rooms(Journal(), clock: host.clock), as: "chat", maxInstances: 3, maxInstanceLoad: 2)
            let chat = try host.client.service("chat")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...12 { group.addTask { try await chat.invoke("Wait", 120) } }
                try await host.advance { host.instances("chat").count == 3 }
                await host.advance(by: .seconds(60))
                #expect(host.instances("chat").count == 3)
                await host.advance(by: .seconds(60))
                try await group.waitForAll()
            }
            #expect(host.events.contains { $0.kind == .scaled })
        }
    }

    @Test func anUpgradeMovesTheResourcesOneByOneAndLosesNoCall() async throws {
        try await withTestHost { host in
            let (old, new) = (Journal(), Journal())
            try await host.deploy(rooms(old, clock: host.clock), as: "chat", maxInstances: 4)
            let chat = try host.client.service("chat")
            for number in 0..<10 { _ = try await chat.resource("r\(number)").invoke("Say", "one", as: Int.self) }
            let late = host.task { try await chat.resource("r0").invoke("SayLate", "two", 5, as: Int.self) }
            await host.settle()
            #expect(try await host.deploy(rooms(new, clock: host.clock), as: "chat", maxInstances: 4) == 2)
            await host.settle()
            // The idle ones are there already; the one in use stays where it is until its call has ended.
            #expect(new.all.count == 9)
            #expect(try await chat.resource("r0").invoke("Say", "on the old one", as: Int.self) == 2)
            await host.advance(by: .seconds(5))
            #expect(try await late.value == 3)
            await host.advance(by: .seconds(5))
            #expect(try await chat.resource("r0").invoke("Say", "on the new one", as: Int.self) == 1)
            for number in 0..<10 {
                let epochs = host.epochs(of: "r\(number)", in: "chat")
                #expect(epochs.count == 2 && epochs[0] < epochs[1])
            }
            await host.advance(by: .seconds(60))
            #expect(host.instances("chat").allSatisfy { $0.version == 2 })
            #expect(old.all.filter { $0.hasPrefix("close") }.count == 10)
        }
    }

    @Test func aChannelOfAResourceThatMovesEndsWithUnavailable() async throws {
        try await withTestHost { host in
            let service = rooms(Journal(), clock: host.clock)
            try await host.deploy(service, as: "chat")
            let channel = try await host.client.service("chat").resource("lobby").channel("EchoChan")
            try await channel.send("a")
            #expect(try await channel.receive(as: String.self) == "a")
            try await host.deploy(service, as: "chat")
            await host.advance(by: .seconds(9))
            try await channel.send("b")
            #expect(try await channel.receive(as: String.self) == "b")
            await host.advance(by: .seconds(2))
            let error = try await expectRPCError(.unavailable) { try await channel.receive(as: String.self) }
            #expect(error.message.contains("moved"), "\(error)")
        }
    }

    @Test func aRollbackIsAnUpgradeToo() async throws {
        try await withTestHost { host in
            let (old, new) = (Journal(), Journal())
            try await host.deploy(rooms(old, clock: host.clock), as: "chat")
            try await host.deploy(rooms(new, clock: host.clock), as: "chat")
            try await host.rollback("chat", to: 1)
            #expect(host.liveVersion(of: "chat") == 1)
            _ = try await host.client.service("chat").invoke("Wait", 0, as: Int.self)
            #expect(old.all == ["wait 0", "waited 0"])
            try await expectRPCError(reason: .noVersion) { try await host.rollback("chat", to: 7) }
        }
    }

    @Test func aResourceIsMovedOnDemand() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat", minInstances: 2)
            await host.advance(by: .seconds(2))
            let lobby = try host.client.service("chat").resource("lobby")
            _ = try await lobby.invoke("Say", "one", as: Int.self)
            let from = try #require(host.activation(of: "lobby", in: "chat"))
            let to = try await host.move("lobby", of: "chat")
            #expect(to.instance != from.instance)
            #expect(to.epoch > from.epoch)
            #expect(journal.all == ["new lobby", "close lobby", "new lobby"])
            #expect(host.activation(of: "lobby", in: "chat") == to)
            try await expectRPCError(reason: .noResource) { try await host.move("nobody", of: "chat") }
        }
    }

    @Test func aServiceThatIsRemovedComesBackWithHigherEpochs() async throws {
        try await withTestHost { host in
            let service = rooms(Journal(), clock: host.clock)
            try await host.deploy(service, as: "chat")
            let lobby = try host.client.service("chat").resource("lobby")
            _ = try await lobby.invoke("Say", "one", as: Int.self)
            try await host.remove("chat")
            try await expectRPCError(.notFound) { try await lobby.invoke("Say", "two") }
            #expect(try await host.deploy(service, as: "chat") == 2)
            _ = try await lobby.invoke("Say", "three", as: Int.self)
            let epochs = host.epochs(of: "lobby", in: "chat")
            #expect(epochs.count == 2 && epochs[0] < epochs[1])
        }
    }

    @Test func whatTakesVirtualTimeCanBeWaitedFor() async throws {
        var configuration = LeverTestHost.Configuration.defaults
        configuration.startTime = .seconds(3)
        try await withTestHost(configuration: configuration) { host in
            let service = rooms(Journal(), clock: host.clock)
            try await host.advancing { try await host.deploy(service, as: "chat") }
            #expect(host.clock.elapsed == .seconds(3))
            let chat = try host.client.service("chat")
            #expect(try await host.advancing { try await chat.invoke("Wait", 7, as: Int.self) } == 7)
            #expect(host.clock.elapsed == .seconds(10))
            let failure = await #expect(throws: TestFailure.self) {
                try await host.advancing(within: .seconds(5)) { try await chat.invoke("Wait", 50, as: Int.self) }
            }
            #expect(failure?.description.contains("5.0 seconds") == true)
        }
    }
}
