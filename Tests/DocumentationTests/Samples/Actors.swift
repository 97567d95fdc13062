import Distributed
import LeverActors
import LeverClient
import LeverService
import LeverTesting
import Testing

// docs/actors.md and the catalogue of LeverActors.

@Resolvable
protocol RoomAPI: DistributedActor where ActorSystem == LeverActorSystem {
    distributed func say(_ text: String) async throws -> Int
}

struct Full: Error, Codable { var seats: Int }

enum ActorSamples {
    distributed actor Room: VirtualActor {
        private var messages: [String] = []

        distributed func say(_ text: String) -> Int {
            messages.append(text)
            return messages.count
        }

        distributed func last(_ count: Int) -> [String] { messages.suffix(count) }
    }

    struct Chat: LeverServiceMain {
        static var service: ServiceDefinition {
            Actors(Room.self) { system, id in Room(actorSystem: system) }
        }
    }

    static func call() async throws {
        let system = try LeverActorSystem(client: LeverClient(host: "127.0.0.1:8080"), service: "chat")
        let lobby = try Room.resolve(id: .init("lobby"), using: system)
        print(try await lobby.say("hello"))
    }

    static func call(_ client: LeverClient) async throws -> Int {
        let system = try LeverActorSystem(client: client, service: "chat")
        let lobby = try Room.resolve(id: .init("lobby"), using: system)
        let count = try await lobby.say("hello")
        return count
    }

    static func callWithoutTheType(_ system: LeverActorSystem) async throws -> Int {
        let lobby = try $RoomAPI.resolve(id: .init("lobby"), using: system)

        return try await lobby.say("hello")
    }

    static func test(_ client: LeverClient) async throws {
        let room = Room(actorSystem: LeverActorSystem(client: client))
        #expect(try await room.say("hello") == 1)
    }
}

// Rooms that do more.
enum SocialActors {
    distributed actor Room: VirtualActor {
        func activated(epoch: UInt64) async throws { seats = try await Seats.load(epoch) }  // before the first call
        func deactivating() async { await seats.store() }  // after the last one

        private var seats = Seats()

        distributed func join() async throws {
            guard seats.free > 0 else { throw Full(seats: seats.all) }
            seats.free -= 1
        }

        distributed func say(_ text: String) -> Int { text.utf8.count }

        distributed func invite(_ name: String) async throws {
            let other = try Room.resolve(id: .init(name), using: actorSystem)
            _ = try await other.say("\(id.resource) invites you")
        }

        func feed() -> AsyncStream<String> { AsyncStream { $0.finish() } }
    }

    distributed actor Person: VirtualActor {
        distributed func greet() -> String { "I am \(id.resource)" }
    }

    struct Seats {
        var all = 4
        var free = 4

        static func load(_ epoch: UInt64) async throws -> Seats { Seats() }
        func store() async {}
    }

    static func join(_ lobby: Room) async throws {
        do { try await lobby.join() } catch let error as Full { print("all \(error.seats) seats are taken") }
    }

    @ServiceBuilder static var both: ServiceDefinition {
        Actors(Room.self, named: "room/") { system, id in Room(actorSystem: system) }
        Actors(Person.self, named: "person/") { system, id in Person(actorSystem: system) }
    }

    static func find(_ system: LeverActorSystem) throws -> Person {
        let ann = try Person.resolve(id: .init("person/ann"), using: system)
        return ann
    }

    @ServiceBuilder static var withChannels: ServiceDefinition {
        Actors(Room.self) { system, id in
            Room(actorSystem: system)
        } methods: {
            ResourceMethod("Say") { (room: Room, text: String) in try await room.say(text) }
            ResourceChannelMethod("FeedChan") { (room: Room, channel: LeverChannel) in
                guard let feed = await room.whenLocal({ $0.feed() }) else { return }
                for await message in feed { try await channel.send(message) }
            }
        }
    }
}

// "Resources and actors".
enum StoringActors {
    distributed actor Notebook: VirtualActor {
        private let store: NoteStore
        private var notes: [String] = []
        private var epoch: UInt64 = 0

        init(actorSystem: LeverActorSystem, store: NoteStore) {
            self.actorSystem = actorSystem
            self.store = store
        }

        func activated(epoch: UInt64) async throws {
            self.epoch = epoch
            notes = try await store.notes(of: id.resource, takenBy: epoch)
        }

        distributed func add(_ note: String) async throws -> Int {
            try await store.save(notes + [note], of: id.resource, by: epoch)
            notes.append(note)
            return notes.count
        }
    }

    actor NoteStore {
        struct Outdated: Error, Codable { var epoch: UInt64 }

        private var kept: [String: (epoch: UInt64, notes: [String])] = [:]

        func notes(of name: String, takenBy epoch: UInt64) throws -> [String] {
            let known = kept[name] ?? (0, [])
            guard epoch >= known.epoch else { throw Outdated(epoch: known.epoch) }
            kept[name] = (epoch, known.notes)
            return known.notes
        }

        func save(_ notes: [String], of name: String, by epoch: UInt64) throws {
            let known = kept[name]?.epoch ?? 0
            guard epoch >= known else { throw Outdated(epoch: known) }
            kept[name] = (epoch, notes)
        }
    }
}

@Suite struct StoringActorsTests {
    typealias Notebook = StoringActors.Notebook

    @Test func whatIsStoredOutlivesTheActivation() async throws {
        let store = StoringActors.NoteStore()
        try await withTestHost { host in
            let system = try LeverActorSystem(client: host.client, service: "notes")
            let service = LeverService {
                Actors(Notebook.self, system: system) { system, _ in Notebook(actorSystem: system, store: store) }
            }
            try await host.deploy(service.definition, as: "notes")
            let ada = try Notebook.resolve(id: .init("ada"), using: system)
            #expect(try await ada.add("Buy milk") == 1)
            host.crash(host.instances("notes")[0])
            #expect(try await ada.add("Write a program") == 2)
        }
        await #expect(throws: StoringActors.NoteStore.Outdated.self) { try await store.save([], of: "ada", by: 1) }
    }
}
