import Distributed
import LeverActors
import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Testing

@Suite("Calls of actors", .timeLimit(.minutes(1))) struct CallTests {
    @Test func argumentsAndResultsArrive() async throws {
        let room = try Chat.rooms().room("lobby")
        #expect(try await room.say("hello") == 1)
        #expect(try await room.say("again") == 2)
        #expect(try await room.count == 2)
        #expect(try await room.last(of: 3, from: "ann") == "ann: again of 3")
        #expect(try await room.last(of: 3, from: nil) == "nobody: again of 3")
        try await room.clear()
        #expect(try await room.last(of: 0, from: nil) == nil)
        #expect(try await room.reversed([1, 2, 3]) == [3, 2, 1])
        #expect(try await room.nested([1, 2], 3) == [3, 6])
        #expect(try await room.echo(["a": [1, nil, false]]) == ["a": [1, nil, false]])
    }

    @Test func actorsAreCallableByNameAsAnyMethod() async throws {
        let chat = try Chat.rooms()
        let lobby = chat.service.resource("lobby")
        #expect(try await lobby.invoke("say", "hello", as: Int.self) == 1)
        #expect(try await lobby.invoke("count", as: Int.self) == 1)
        #expect(try await lobby.invoke("reversed", bytes: [1, 2], as: [UInt8].self) == [2, 1])
        // The same activation.
        #expect(try await chat.room("lobby").say("too") == 2)
        // Trailing optional ones may be left out.
        #expect(try await lobby.invoke("last", 7, as: String.self) == "nobody: too of 7")
    }

    @Test func argumentsThatDoNotFitAreNamed() async throws {
        let chat = try Chat.rooms()
        let lobby = chat.service.resource("lobby")
        for (method, arguments, text) in [
            ("say", [7], "argument 1 of say should be String, but is a number"),
            ("say", [], "say takes 1 argument (String), but the call has 0"),
            ("say", ["a", "b"], "say takes 1 argument (String), but the call has 2"),
            ("last", ["x"], "argument 1 of last should be Int, but is a string"),
            ("last", [1, "x", 2], "last takes 2 arguments (of: Int, from: String?), but the call has 3"),
            ("clear", [1], "clear takes 0 arguments (), but the call has 1"),
        ] as [(String, [LeverValue], String)] {
            let url = try lobby.url(method)
            let error = await #expect(throws: RPCError.self) {
                _ = try await chat.outside.client.call(url, .values(arguments))
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        }
        let bytes = await #expect(throws: RPCError.self) { try await lobby.invoke("say", bytes: [1]) }
        #expect(bytes?.message.contains("say takes (String), not a byte argument") == true, "\(bytes?.message ?? "")")
        #expect(try await lobby.invoke("count", as: Int.self) == 0, "a call that was refused has reached the actor")
    }

    @Test func whatIsNoMethodIsUnimplemented() async throws {
        let chat = try Chat.rooms()
        let lobby = chat.service.resource("lobby")
        let missing = await #expect(throws: RPCError.self) { try await lobby.invoke("shout", "x") }
        #expect(missing?.code == .unimplemented)
        #expect(missing?.message.contains("\"shout\"") == true)
        let generic = await #expect(throws: RPCError.self) { try await lobby.invoke("anything", 1) }
        #expect(generic?.code == .unimplemented)
        #expect(generic?.message.contains("generic") == true)
        let types = await #expect(throws: RPCError.self) { _ = try await chat.room("lobby").anything(1) }
        #expect(types?.message.contains("Room.anything is generic") == true)
        let homeless = await #expect(throws: RPCError.self) { try await chat.service.invoke("say", "x") }
        #expect(homeless?.code == .invalidArgument)
        #expect(homeless?.message.contains("needs a resource") == true, "\(homeless?.message ?? "")")
    }

    @Test func errorsKeepTheirTypes() async throws {
        let chat = try Chat.rooms()
        let room = try chat.room("lobby")
        #expect(await #expect(throws: Full.self) { try await room.join(seats: 3) } == Full(seats: 3))
        #expect(await #expect(throws: Closed.self) { try await room.join(seats: 0) } == .forever)
        #expect(await #expect(throws: Closed.self) { try await room.fail("enum") } == .until("noon"))
        #expect(await #expect(throws: Text.self) { try await room.fail("text") } == .tooLong)
        let plain = await #expect(throws: RemoteError.self) { try await room.fail("plain") }
        #expect(plain?.value == "just so")
        let status = await #expect(throws: RPCError.self) { try await room.fail("status") }
        #expect(status?.code == .failedPrecondition)
        #expect(status?.message == "not now")
        // As others see them.
        let value = await #expect(throws: RemoteError.self) {
            try await chat.service.resource("lobby").invoke("join", 3)
        }
        #expect(value?.value == ["$type": "LeverActorsTests.Full", "seats": 3])
        #expect(try value?.decode(as: Full.self) == Full(seats: 3))
    }

    @Test(arguments: [
        "else.Where", "LeverActorsTests.Room", "Full", "LeverActorsTests.Full.", "LeverActorsTests.Plain",
        "Swift.String", "",
        "4abc.D", "LeverActorsTests.Full",
    ])
    func errorThatIsNoneOfThisProgramIsARemoteError(type: String) async throws {
        let chat = try Chat { _ in
            // The last of them is of the right type, but has another form.
            Method("fail") { (type: String) in throw ServiceError(["$type": .string(type), "seats": "many"]) }
        }
        let error = await #expect(throws: RemoteError.self) { try await chat.room("lobby").fail(type) }
        #expect(error?.value == ["$type": .string(type), "seats": "many"])
    }

    @Test func actorsTravelAsTheirIdentities() async throws {
        let chat = try Chat.rooms()
        let kitchen = try chat.room("kitchen")
        #expect(try await chat.room("lobby").tell(kitchen, "hello") == 1)
        let lobby = try await chat.room("lobby").myself()
        #expect(lobby.id == .init("lobby", service: try ServiceName("chat"), environment: .default))
        #expect(try await lobby.say("x") == 1)
        #expect(try await chat.room("lobby").introduce(to: "lounge") == 2)
        let text = try await chat.service.resource("lobby").invoke("myself", as: String.self)
        #expect(text == "lever://dev.lever/chat/lobby")
    }
}
