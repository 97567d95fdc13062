import LeverService

// docs/services.md and the catalogue of LeverService.
enum Services {
    struct Hello: LeverServiceMain {
        static var service: ServiceDefinition {
            Method("SayHello") { (name: String) in "Hello, \(name)!" }
            ChannelMethod("TicksChan") { (channel, every: Int) in
                for tick in 0... {
                    try await channel.send(tick)
                    try await Task.sleep(for: .milliseconds(every))
                }
            }
        }
    }

    struct Chat: LeverServiceMain {
        static var service: ServiceDefinition {
            Method("SayHello") { (name: String) in "Hello, \(name)!" }
            ChannelMethod("EchoChan") { channel in
                for try await message in channel { try await channel.send(message) }
            }
        }
    }

    actor Room {
        private let name: String
        private let epoch: UInt64
        private var posted: [String] = []
        private var readers: [AsyncStream<String>.Continuation] = []

        init(named name: String, epoch: UInt64) async throws {
            self.name = name
            self.epoch = epoch
        }

        func say(_ text: String) throws -> Int {
            posted.append(text)
            for reader in readers { reader.yield(text) }
            return posted.count
        }

        func posts() -> AsyncStream<String> {
            let (stream, reader) = AsyncStream.makeStream(of: String.self)
            for post in posted { reader.yield(post) }
            readers.append(reader)
            return stream
        }

        func save() throws {
            for reader in readers { reader.finish() }
        }
    }

    @ServiceBuilder static var rooms: ServiceDefinition {
        ResourceService { resource in
            try await Room(named: resource.name, epoch: resource.epoch)
        } closing: { room in
            try await room.save()
        } methods: {
            ResourceMethod("Say") { (room, text: String) in try await room.say(text) }
            ResourceChannelMethod("FeedChan") { (room, channel) in
                for await post in await room.posts() { try await channel.send(post) }
            }
        }
    }

    @ServiceBuilder static var talkingRooms: ServiceDefinition {
        ResourceService { resource in
            try await Room(named: resource.name, epoch: resource.epoch)
        } closing: { room in
            try await room.save()
        } methods: {
            ResourceMethod("Say") { (room, text: String) in try await room.say(text) }
        }
    }

    struct Stock: Sendable {
        var left: Int
    }

    enum OrderError: MethodError {
        case soldOut(left: Int)
    }

    @ServiceBuilder static func shop(_ stock: Stock) -> ServiceDefinition {
        Method("Order") { (count: Int) in
            guard count <= stock.left else { throw OrderError.soldOut(left: stock.left) }
            return stock.left - count
        }
    }
}
