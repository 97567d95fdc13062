import Distributed
import LeverActors
import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Testing

@Suite("Calls within an instance", .timeLimit(.minutes(1))) struct LocalCallTests {
    @Test func callsBetweenActorsOfOneInstanceStayThere() async throws {
        let chat = try Chat.rooms()
        try await chat.router.activate("kitchen")
        let answer = try await chat.room("lobby").ask("kitchen")
        #expect(answer == [1, 1, nil, "kitchen"], "epoch, depth, call and resource")
        #expect(chat.router.calls == ["lobby/ask"])
        // One that is not here is called through the router, which makes it come.
        #expect(try await chat.room("lobby").ask("attic")[0] == 3)
        #expect(chat.router.calls == ["lobby/ask", "lobby/ask", "attic/whoCalls"])
    }

    @Test func callsGoThroughTheRouterWhereTheSystemSaysSo() async throws {
        var configuration = LeverActorSystem.Configuration.defaults
        configuration.staysWithinInstance = false
        let chat = try Chat.rooms(Journal(), configuration)
        try await chat.router.activate("kitchen")
        #expect(try await chat.room("lobby").ask("kitchen")[0] == 1)
        #expect(chat.router.calls == ["lobby/ask", "kitchen/whoCalls"])
    }

    @Test func callsThatNestWithoutEndAreEnded() async throws {
        let chat = try Chat.rooms()
        let error = await #expect(throws: RPCError.self) { try await chat.room("lobby").forever() }
        #expect(error?.message == "the call is nested 33 deep; the limit is 32")
        #expect(chat.router.calls == ["lobby/forever"])
    }

    @Test func errorsAreThoseOfACallThatLeavesTheInstance() async throws {
        let chat = try Chat.rooms()
        try await chat.router.activate("lobby")
        let room = try Room.resolve(id: .init("lobby"), using: chat.system)
        await #expect(throws: Full(seats: 2)) { try await room.join(seats: 2) }
        await #expect(throws: Closed.until("noon")) { try await room.fail("enum") }
        let plain = await #expect(throws: RemoteError.self) { try await room.fail("plain") }
        #expect(plain?.value == "just so")
        let status = await #expect(throws: RPCError.self) { try await room.fail("status") }
        #expect(status?.code == .failedPrecondition)
        #expect(status?.origin == .instance)
        let cancelled = await #expect(throws: RPCError.self) { try await room.fail("cancelled") }
        #expect(cancelled?.code == .cancelled)
        #expect(chat.router.calls.isEmpty)
    }

    @Test func actorIsReentrantForCallsToItself() async throws {
        let journal = Journal()
        let chat = try Chat.rooms(journal)
        let room = try chat.room("lobby")
        async let waiting = room.wait("reentrant")
        try await journal.wait(for: "waits for reentrant")
        #expect(try await room.say("meanwhile") == 1)
        Door.named("reentrant").open()
        #expect(try await waiting == 2)
    }

    @Test func actorLeavesAfterTheCallsWithinItsInstance() async throws {
        let journal = Journal()
        let chat = try Chat.rooms(journal)
        try await chat.router.activate("kitchen")
        // The router knows of the call to the lobby alone.
        async let sent = chat.room("lobby").send(to: "kitchen", "leaving")
        try await journal.wait(for: "waits for leaving")
        async let closed: Void = chat.router.close("kitchen")
        // It is closed to others once calls to it go through the router, where they wait or, here, are refused.
        let error = try await refusal { try await chat.room("lobby").ask("kitchen") }
        #expect(error.reason == nil && error.message.contains("being closed"), "\(error)")
        #expect(!journal.all.contains("kitchen deactivating"))
        Door.named("leaving").open()
        // What is in progress gets to its own actor though that is closing.
        #expect(try await sent == 1)
        try await closed
        #expect(journal.all.suffix(2) == ["kitchen deactivating", "released"])
        #expect(try await chat.room("lobby").ask("kitchen")[0] == 3)
    }

    @Test func closingThatIsCancelledKeepsTheActor() async throws {
        let journal = Journal()
        let chat = try Chat.rooms(journal)
        try await chat.router.activate("kitchen")
        let sent = Task { try await chat.room("lobby").send(to: "kitchen", "cancelling") }
        try await journal.wait(for: "waits for cancelling")
        let closing = Task { try await chat.router.close("kitchen") }
        _ = try await refusal { try await chat.room("lobby").ask("kitchen") }
        closing.cancel()
        await #expect(throws: (any Error).self) { try await closing.value }
        #expect(!journal.all.contains("kitchen deactivating"))
        Door.named("cancelling").open()
        #expect(try await sent.value == 1)
    }

    /// Tries until it is refused.
    private func refusal(_ body: () async throws -> [LeverValue]) async throws -> RPCError {
        while true {
            do {
                _ = try await body()
                await Task.yield()
            } catch let error as RPCError {
                return error
            }
        }
    }
}
