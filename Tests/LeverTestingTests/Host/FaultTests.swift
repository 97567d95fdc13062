import LeverClient
import LeverCore
import LeverService
import LeverTesting
import Testing

/// What becomes of calls and resources when instances fail.
@Suite struct FaultTests {
    @Test func aCrashEndsTheCallsInProgressAndFreesTheResources() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat")
            let lobby = try host.client.service("chat").resource("lobby")
            let said = host.task { try await lobby.invoke("SayLate", "one", 5, as: Int.self) }
            await host.advance(by: .seconds(2))
            let first = try #require(host.instances("chat").first)
            host.crash(first)
            let error = try await expectRPCError(reason: .instanceDied) { try await said.value }
            #expect(error.message.contains("\(first.id)"), "\(error)")
            // The next call finds a new instance, a new activation and no state.
            #expect(try await lobby.invoke("Say", "two", as: Int.self) == 1)
            let epochs = host.epochs(of: "lobby", in: "chat")
            #expect(epochs.count == 2)
            await host.advance(by: .seconds(60))
            // What is dead does nothing more.
            #expect(journal.all == ["new lobby", "late one", "new lobby"])
            #expect(host.instances("chat").allSatisfy { $0.id != first.id })
        }
    }

    @Test func aPausedInstanceGetsNoNewCallsAndDiesAtLast() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat", maxInstances: 2)
            let chat = try host.client.service("chat")
            _ = try await chat.resource("lobby").invoke("Say", "one", as: Int.self)
            let first = try #require(host.instances("chat").first)
            host.pause(first)
            let said = host.task { try await chat.resource("lobby").invoke("Say", "two", as: Int.self) }
            await host.advance(by: .seconds(8))
            // It is silent: others get the calls without a resource.
            #expect(try await chat.invoke("Wait", 0, as: Int.self) == 0)
            #expect(host.instances("chat").count == 2)
            #expect(journal.all == ["new lobby", "wait 0", "waited 0"])
            await host.advance(by: .seconds(30))
            try await expectRPCError(reason: .instanceDied) { try await said.value }
            #expect(host.instances("chat").allSatisfy { $0.id != first.id })
            #expect(try await chat.resource("lobby").invoke("Say", "three", as: Int.self) == 1)
        }
    }

    @Test func onePausedForAMomentGoesOnWhereItStood() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat")
            let lobby = try host.client.service("chat").resource("lobby")
            let late = host.task { try await lobby.invoke("SayLate", "one", 1, as: Int.self) }
            await host.settle()
            let instance = host.instances("chat")[0]
            host.pause(instance)
            let said = host.task { try await lobby.invoke("Say", "two", as: Int.self) }
            await host.advance(by: .seconds(4))
            #expect(journal.all == ["new lobby", "late one"])
            #expect(host.instances("chat").first?.isPaused == true)
            host.resume(instance)
            let numbers = try await [late.value, said.value]
            #expect(numbers.sorted() == [1, 2])
            #expect(host.instances("chat").map(\.id) == [instance.id])
            #expect(host.epochs(of: "lobby", in: "chat").count == 1)
        }
    }

    @Test func callsNeitherReachAPartitionedInstanceNorLeaveIt() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat")
            let lobby = try host.client.service("chat").resource("lobby")
            let late = host.task { try await lobby.invoke("SayLate", "one", 1, as: Int.self) }
            await host.settle()
            let instance = host.instances("chat")[0]
            host.partition(instance)
            let said = host.task { try await lobby.invoke("Say", "two", as: Int.self) }
            await host.advance(by: .seconds(3))
            // Its code has run on, but nobody knows.
            #expect(journal.all == ["new lobby", "late one", "later one"])
            #expect(host.instances("chat").first?.calls == 2)
            host.heal(instance)
            #expect(try await late.value == 1)
            #expect(try await said.value == 2)
        }
    }

    @Test func aPartitionThatLastsIsADeath() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat")
            let lobby = try host.client.service("chat").resource("lobby")
            _ = try await lobby.invoke("Say", "one", as: Int.self)
            let first = host.instances("chat")[0]
            host.partition(first)
            let said = host.task { try await lobby.invoke("Say", "two", as: Int.self) }
            await host.advance(by: .seconds(29))
            #expect(host.epochs(of: "lobby", in: "chat").count == 1)
            await host.advance(by: .seconds(10))
            try await expectRPCError(reason: .instanceDied) { try await said.value }
            #expect(try await lobby.invoke("Say", "three", as: Int.self) == 1)
            #expect(host.epochs(of: "lobby", in: "chat").count == 2)
            #expect(journal.all == ["new lobby", "new lobby"])
        }
    }

    @Test func callsWaitForAnInstanceThatStartsSlowly() async throws {
        try await withTestHost { host in
            try await host.deploy(rooms(Journal(), clock: host.clock), as: "chat")
            host.crash(host.instances("chat")[0])
            try host.slowStart("chat", .seconds(3))
            let chat = try host.client.service("chat")
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...20 { group.addTask { try await chat.invoke("Wait", 0, as: Int.self) } }
                await host.advance(by: .milliseconds(2_999))
                #expect(host.waitingCalls(of: "chat") == 20)
                #expect(host.instances("chat").allSatisfy { $0.state == .starting })
                await host.advance(by: .milliseconds(1))
                #expect(host.waitingCalls(of: "chat") == 0)
                let answered = try await group.reduce(0) { sum, _ in sum + 1 }
                #expect(answered == 20)
            }
        }
    }

    @Test func aStartThatTakesTooLongFailsTheCallsThatWait() async throws {
        try await withTestHost { host in
            try await host.deploy(rooms(Journal(), clock: host.clock), as: "chat")
            host.crash(host.instances("chat")[0])
            try host.slowStart("chat", .seconds(60))
            let call = host.task { try await host.client.service("chat").invoke("Wait", 0, as: Int.self) }
            await host.advance(by: .seconds(15))
            let error = try await expectRPCError(reason: .startFailed) { try await call.value }
            #expect(error.message.contains("did not answer within 15"), "\(error)")
        }
    }

    @Test func aBoundedQueueRefusesWhatDoesNotFit() async throws {
        var configuration = LeverTestHost.Configuration.defaults
        configuration.maximumWaiting = 2
        try await withTestHost(configuration: configuration) { host in
            try await host.deploy(rooms(Journal(), clock: host.clock), as: "chat")
            host.crash(host.instances("chat")[0])
            try host.slowStart("chat", .seconds(1))
            let chat = try host.client.service("chat")
            let first = host.task { try await chat.invoke("Wait", 0, as: Int.self) }
            let second = host.task { try await chat.invoke("Wait", 0, as: Int.self) }
            await host.settle()
            try await expectRPCError(reason: .queueFull) { try await chat.invoke("Wait", 0) }
            await host.advance(by: .seconds(1))
            _ = try await (first.value, second.value)
        }
    }

    @Test func failingStartsAreTriedAgainAfterAWhile() async throws {
        try await withTestHost { host in
            try await host.deploy(rooms(Journal(), clock: host.clock), as: "chat")
            try host.failStarts(of: "chat", times: 2, how: "it exited with code 78")
            host.crash(host.instances("chat")[0])
            let chat = try host.client.service("chat")
            let error = try await expectRPCError(reason: .startFailed) { try await chat.invoke("Wait", 0) }
            #expect(error.message.contains("code 78"), "\(error)")
            #expect(error.message.contains("next attempt in"), "\(error)")
            // Until then nothing is started.
            try await expectRPCError(reason: .startFailed) { try await chat.invoke("Wait", 0) }
            #expect(host.instances("chat").isEmpty)
            await host.advance(by: .seconds(2))
            try await expectRPCError(reason: .startFailed) { try await chat.invoke("Wait", 0) }
            await host.advance(by: .seconds(4))
            #expect(try await chat.invoke("Wait", 0, as: Int.self) == 0)
        }
    }

    @Test func aVersionThatDoesNotStartLeavesTheOldOneLive() async throws {
        try await withTestHost { host in
            try await host.deploy(rooms(Journal(), clock: host.clock), as: "chat")
            let error = try await expectRPCError(reason: .startFailed) {
                try await host.deploy(as: "chat") { throw TestFailure("no configuration") }
            }
            #expect(error.message.contains("version 2"), "\(error)")
            #expect(error.message.contains("no configuration"), "\(error)")
            #expect(host.liveVersion(of: "chat") == 1)
            #expect(try await host.client.service("chat").invoke("Wait", 0, as: Int.self) == 0)
        }
    }

    @Test func anActivationThatFailsFailsItsCallsAndIsTriedAgain() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat")
            try host.failNewResource(of: "chat", resource: "lobby", error: "no disk")
            let chat = try host.client.service("chat")
            _ = try await chat.resource("garden").invoke("Say", "one", as: Int.self)
            let error = try await expectRPCError(reason: .resourceUnavailable) {
                try await chat.resource("lobby").invoke("Say", "one")
            }
            #expect(error.message.contains("no disk"), "\(error)")
            #expect(try await chat.resource("lobby").invoke("Say", "one", as: Int.self) == 1)
            #expect(journal.all == ["new garden", "new lobby"])
        }
    }
}
