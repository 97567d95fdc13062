import Distributed
import LeverActors
import LeverCore

/// The actor of the tests.
distributed actor Room: VirtualActor {
    private let journal: Journal
    private var messages: [String] = []
    private(set) var epoch: UInt64 = 0

    init(_ journal: Journal, actorSystem: LeverActorSystem) {
        self.journal = journal
        self.actorSystem = actorSystem
    }

    func activated(epoch: UInt64) async throws {
        self.epoch = epoch
        journal.add("\(id.resource) activated \(epoch)")
        if id.resource.hasPrefix("refused") { throw Full(seats: 0) }
        if id.resource.hasPrefix("eager") {
            // To itself, as it will be known.
            journal.add("\(try await Room.resolve(id: id, using: actorSystem).say("first"))")
        }
    }

    func deactivating() async {
        journal.add("\(id.resource) deactivating")
        if id.resource.hasPrefix("eager") {
            let count = try? await Room.resolve(id: id, using: actorSystem).say("last")
            journal.add("\(count ?? -1)")
        }
    }

    deinit { journal.add("released") }

    distributed func say(_ text: String) -> Int {
        messages.append(text)
        return messages.count
    }

    distributed var count: Int { messages.count }
    distributed func clear() { messages = [] }
    distributed func last(of number: Int, from user: String?) -> String? {
        messages.last.map { "\(user ?? "nobody"): \($0) of \(number)" }
    }
    distributed func reversed(_ bytes: [UInt8]) -> [UInt8] { bytes.reversed() }
    distributed func echo(_ value: LeverValue) -> LeverValue { value }
    distributed func nested(_ bytes: [UInt8], _ count: Int) -> [Int] { bytes.map { Int($0) * count } }
    distributed func anything<Value: Codable & Sendable>(_ value: Value) -> Value { value }

    distributed func join(seats: Int) throws {
        if seats > 0 { throw Full(seats: seats) }
        throw Closed.forever
    }

    distributed func fail(_ kind: String) throws {
        switch kind {
        case "plain": throw Plain()
        case "status": throw RPCError(code: .failedPrecondition, message: "not now")
        case "enum": throw Closed.until("noon")
        case "text": throw Text.tooLong
        default: throw CancellationError()
        }
    }

    // MARK: Calls to others

    distributed func whoCalls() -> [LeverValue] {
        let context = CallContext.current
        return [
            .number(Double(context?.epoch ?? 0)), .number(Double(context?.depth ?? -1)),
            context?.callID.map { .string($0) } ?? .null, .string(context?.url.resource ?? ""),
        ]
    }

    distributed func ask(_ name: String) async throws -> [LeverValue] {
        try await Room.resolve(id: .init(name), using: actorSystem).whoCalls()
    }

    distributed func tell(_ other: Room, _ text: String) async throws -> Int { try await other.say(text) }
    distributed func myself() -> Room { self }
    distributed func introduce(to name: String) async throws -> Int {
        try await Room.resolve(id: .init(name), using: actorSystem).tell(self, "hello from a friend")
    }

    distributed func forever() async throws {
        try await Room.resolve(id: id, using: actorSystem).forever()
    }

    /// Waits for a door, then calls itself.
    distributed func wait(_ name: String) async throws -> Int {
        journal.add("waits for \(name)")
        await Door.named(name).pass()
        return try await Room.resolve(id: id, using: actorSystem).say("waited")
    }

    distributed func send(to name: String, _ door: String) async throws -> Int {
        try await Room.resolve(id: .init(name), using: actorSystem).wait(door)
    }
}

struct Full: Error, Codable, Hashable { var seats: Int }
enum Closed: Error, Codable, Hashable { case forever, until(String) }
enum Text: String, Error, Codable { case tooLong }
struct Plain: Error, CustomStringConvertible { var description: String { "just so" } }
