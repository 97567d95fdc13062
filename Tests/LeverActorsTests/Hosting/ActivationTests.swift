import Distributed
import LeverActors
import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Testing

@Suite("The life of an actor", .timeLimit(.minutes(1))) struct ActivationTests {
    @Test func actorIsMadeBeforeItsFirstCallAndReleasedAfterItsLast() async throws {
        let journal = Journal()
        let chat = try Chat.rooms(journal)
        let room = try chat.room("lobby")
        #expect(try await room.say("hello") == 1)
        #expect(journal.all == ["lobby activated 1"])
        try await chat.router.close("lobby")
        #expect(journal.all == ["lobby activated 1", "lobby deactivating", "released"])
        // The same stand-in finds the next one, whose epoch is higher.
        #expect(try await room.say("hello") == 1)
        #expect(try await room.whoCalls()[0] == 2)
        #expect(journal.all.last == "lobby activated 2")
    }

    @Test func hooksMayCallTheActorByItsIdentity() async throws {
        let journal = Journal()
        let chat = try Chat.rooms(journal)
        #expect(try await chat.room("eager").say("hello") == 2)
        try await chat.router.close("eager")
        #expect(journal.all == ["eager activated 1", "1", "eager deactivating", "3", "released"])
    }

    @Test func actorThatRefusesToComeIsToldAndLeavesNothing() async throws {
        let journal = Journal()
        let chat = try Chat.rooms(journal)
        for attempt in 1...2 {
            let error = await #expect(throws: RPCError.self) { try await chat.room("refused").say("hello") }
            #expect(error?.message.contains("Full") == true, "\(error?.message ?? "")")
            #expect(journal.all.count { $0 == "released" } == attempt)
        }
        #expect(!journal.all.contains("refused deactivating"))
    }

    @Test func makerThatThrowsOrGivesAnotherActorIsTold() async throws {
        let journal = Journal()
        let chat = try Chat { system in
            let single = Room(journal, actorSystem: system)
            Actors(Room.self, system: system) { system, id in
                guard id.resource != "none" else { throw Plain() }
                // Others that are made meanwhile are not the one.
                _ = Parrot(actorSystem: system)
                return id.resource == "single" ? single : Room(journal, actorSystem: system)
            }
        }
        let none = await #expect(throws: RPCError.self) { try await chat.room("none").say("x") }
        #expect(none?.message.contains("just so") == true)
        let single = await #expect(throws: RPCError.self) { try await chat.room("single").say("x") }
        #expect(single?.message.contains("not of its making") == true, "\(single?.message ?? "")")
        #expect(try await chat.room("good").say("x") == 1)
    }

    @Test func typesOfOneServiceShareItsNames() async throws {
        let journal = Journal()
        let chat = try Chat { system in
            Group {
                Actors(Room.self, named: "room/", system: system) { system, _ in Room(journal, actorSystem: system) }
            }
            Actors(Parrot.self, named: "parrot/", system: system) { system, _ in Parrot(actorSystem: system) }
        }
        #expect(try await Room.resolve(id: .init("room/a"), using: chat.outside).say("x") == 1)
        let parrot = try Parrot.resolve(id: .init("parrot/a"), using: chat.outside)
        #expect(try await parrot.say("x") == 1)
        #expect(try await parrot.last(of: 1, from: nil) == nil)
        #expect(journal.all == ["room/a activated 1"])
        // A room's name, and a parrot's type.
        #expect(try await Parrot.resolve(id: .init("room/a"), using: chat.outside).say("x") == 2)
        for name in ["parrot/a", "cat/a"] {
            let error = await #expect(throws: RPCError.self) {
                try await Room.resolve(id: .init(name), using: chat.outside).whoCalls()
            }
            #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
        }
    }

    @Test func furtherMethodsGetTheActor() async throws {
        let journal = Journal()
        let chat = try Chat { system in
            Actors(Room.self, system: system) { system, _ in
                Room(journal, actorSystem: system)
            } methods: {
                ResourceMethod("Say") { (room: Room, text: String, times: Int?) in
                    var count = 0
                    for _ in 0..<(times ?? 1) { count = try await room.say(text) }
                    return count
                }
                ResourceMethod("Join") { (room: Room) in try await room.join(seats: 4) }
                ResourceChannelMethod("SayChan") { (room: Room, channel: LeverChannel) in
                    for try await message in channel {
                        if case .value(.string(let text)) = message {
                            try await channel.send("\(try await room.say(text))")
                        }
                    }
                }
            }
        }
        let lobby = chat.service.resource("lobby")
        #expect(try await lobby.invoke("Say", "x", as: Int.self) == 1)
        #expect(try await lobby.invoke("Say", "x", 2, as: Int.self) == 3)
        let error = await #expect(throws: RemoteError.self) { try await lobby.invoke("Join") }
        #expect(error?.value?["$type"] == "LeverActorsTests.Full")
        let channel = try await lobby.channel("SayChan")
        try await channel.send("y")
        #expect(try await channel.receive() == .value("4"))
        try await channel.finish()
        #expect(try await channel.receive() == nil)
    }

    @Test func twoInstancesCannotHaveTheSameActorInOneProcess() async throws {
        let journal = Journal()
        let chat = try Chat.rooms(journal)
        try await chat.router.activate("lobby")
        let other = TestRouter()
        other.instance = LeverService {
            Actors(Room.self, system: chat.system) { system, _ in Room(journal, actorSystem: system) }
        }.handler()
        let error = await #expect(throws: RPCError.self) { try await other.activate("lobby") }
        #expect(error?.message.contains("has not left this process yet") == true, "\(error?.message ?? "")")
        try await chat.router.close("lobby")
        try await other.activate("lobby")
    }
}
