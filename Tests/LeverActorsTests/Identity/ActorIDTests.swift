import Distributed
import LeverActors
import LeverClient
import LeverCore
import LeverTransport
import Testing

@Suite("Identities of actors") struct ActorIDTests {
    private let system: LeverActorSystem
    private let nameless: LeverActorSystem

    init() throws {
        let client = LeverClient(transport: InProcessTransport(handler: TestRouter()))
        system = try LeverActorSystem(client: client, service: "chat", environment: EnvironmentName("shop.example.com"))
        nameless = LeverActorSystem(client: client)
    }

    @Test func identityIsCompletedByItsSystem() throws {
        let id = system.complete(.init("a/b"))
        #expect(id.description == "lever://shop.example.com/chat/a/b")
        #expect(id == system.complete(id))
        #expect(LeverActorSystem.ActorID("a/b").description == "a/b")
        let other = LeverActorSystem.ActorID("x", service: try ServiceName("other"))
        #expect(other.description == "/other/x")
        #expect(nameless.complete(other).description == "lever://dev.lever/other/x")
    }

    @Test func namesThatOnlyLookAlikeDiffer() {
        #expect(LeverActorSystem.ActorID("\u{E9}") != .init("e\u{301}"))
        #expect(Set([LeverActorSystem.ActorID("\u{E9}"), .init("e\u{301}"), .init("\u{E9}")]).count == 2)
    }

    @Test func identityTravelsAsText() throws {
        var encoder = LeverEncoder()
        let id = LeverActorSystem.ActorID("a/b")
        let error = #expect(throws: EncodingError.self) { try encoder.encode(id) }
        #expect("\(error as Any)".contains("names no service"))
        encoder.userInfo[.actorSystemKey] = system
        let value = try encoder.encode([id])
        #expect(value == ["lever://shop.example.com/chat/a/b"])
        let decoder = LeverDecoder()
        #expect(try decoder.decode([LeverActorSystem.ActorID].self, from: value) == [system.complete(id)])
        #expect(try decoder.decode(LeverActorSystem.ActorID.self, from: "/chat/a").environment == nil)
        for text in ["", "a", "/chat", "lever://dev.lever/chat", "http://dev.lever/chat/a", "lever://dev.lever/x/a"] {
            #expect(throws: DecodingError.self, "\(text)") {
                try decoder.decode(LeverActorSystem.ActorID.self, from: .string(text))
            }
        }
    }

    @Test func actorsThatCannotBeAreRefusedWhereTheyAreResolved() throws {
        for (name, text) in [
            ("", "empty"), ("a\nb", "control characters"),
            (String(repeating: "x", count: 1025), "longer than 1024 bytes"),
        ] {
            let error = #expect(throws: RPCError.self) { try Room.resolve(id: .init(name), using: system) }
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        }
        let error = #expect(throws: RPCError.self) { try Room.resolve(id: .init("lobby"), using: nameless) }
        #expect(error?.message.contains("names no service") == true)
        _ = try Room.resolve(id: .init("lobby", service: ServiceName("chat")), using: nameless)
        #expect(
            try Room.resolve(id: .init(String(repeating: "x", count: 1024)), using: system).id.resource.count == 1024)
    }
}
