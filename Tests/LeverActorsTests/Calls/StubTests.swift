import Distributed
import LeverActors
import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Testing

/// A protocol whose actors are somewhere else, in whatever language.
@Resolvable
protocol Speaker: DistributedActor where ActorSystem == LeverActorSystem {
    distributed func say(_ text: String) async throws -> Int
    distributed func last(of number: Int, from user: String?) async throws -> String?
    distributed func join(seats: Int) async throws
    distributed func clear() async throws
}

@Suite("Stubs of protocols", .timeLimit(.minutes(1))) struct StubTests {
    @Test func stubCallsAnActorThatItDoesNotKnow() async throws {
        let chat = try Chat.rooms()
        let speaker = try $Speaker.resolve(id: .init("lobby"), using: chat.outside)
        #expect(try await speaker.say("hello") == 1)
        #expect(try await speaker.last(of: 2, from: nil) == "nobody: hello of 2")
        await #expect(throws: Full(seats: 5)) { try await speaker.join(seats: 5) }
        try await speaker.clear()
        #expect(try await speaker.say("again") == 1)
    }

    @Test func stubCallsAServiceWithoutActors() async throws {
        let chat = try Chat { _ in
            Method("say") { (context: CallContext, text: String) in "\(context.url.resource)\(text)".count }
        }
        let speaker = try $Speaker.resolve(id: .init("lobby"), using: chat.outside)
        #expect(try await speaker.say("hello") == 10)
        let error = await #expect(throws: RPCError.self) { try await speaker.clear() }
        #expect(error?.code == .unimplemented)
    }

    @Test func stubAndActorAreOneToGenericCode() async throws {
        func greet(_ speaker: some Speaker) async throws -> Int { try await speaker.say("hello") }
        let chat = try Chat { system in
            Actors(Parrot.self, system: system) { system, _ in Parrot(actorSystem: system) }
        }
        #expect(try await greet($Speaker.resolve(id: .init("polly"), using: chat.outside)) == 1)
        #expect(try await greet(Parrot.resolve(id: .init("polly"), using: chat.outside)) == 2)
        // Made without a host, it is an actor like any other.
        let own = Parrot(actorSystem: chat.outside)
        #expect(try await greet(own) == 1)
        #expect(throws: RPCError.self) { _ = try Parrot.resolve(id: own.id, using: chat.outside) }
    }
}

/// An actor without hooks.
distributed actor Parrot: Speaker {
    typealias ActorSystem = LeverActorSystem

    private var count = 0

    distributed func say(_ text: String) -> Int {
        count += 1
        return count
    }

    distributed func last(of number: Int, from user: String?) -> String? { nil }
    distributed func join(seats: Int) throws {}
    distributed func clear() { count = 0 }
}
