import LeverCore
import LeverService
import LeverTesting
import Synchronization

/// What instances of ``rooms(_:clock:)`` do, in order.
final class Journal: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock { $0 } }
}

/// The state of one room.
actor Room {
    private let name: String
    private let journal: Journal
    private var said: [String] = []

    init(_ name: String, _ journal: Journal) {
        self.name = name
        self.journal = journal
    }

    nonisolated func close() { journal.add("close \(name)") }

    func say(_ text: String) -> Int {
        said.append(text)
        return said.count
    }
}

/// A service with rooms as resources, and with methods that take virtual time.
func rooms(_ journal: Journal, clock: TestClock) -> ServiceDefinition {
    ServiceDefinition {
        Method("Wait") { (seconds: Int) in
            journal.add("wait \(seconds)")
            try await clock.sleep(for: .seconds(seconds))
            journal.add("waited \(seconds)")
            return seconds
        }
        ChannelMethod("EchoChan") { channel in
            for try await message in channel { try await channel.send(message) }
        }
        ResourceService { (resource: ResourceContext) in
            journal.add("new \(resource.name)")
            return Room(resource.name, journal)
        } closing: { room in
            room.close()
        } methods: {
            ResourceMethod("Say") { (room: Room, text: String) in await room.say(text) }
            ResourceMethod("SayLate") { (room: Room, text: String, seconds: Int) in
                journal.add("late \(text)")
                try await clock.sleep(for: .seconds(seconds))
                journal.add("later \(text)")
                return await room.say(text)
            }
        }
    }
}
