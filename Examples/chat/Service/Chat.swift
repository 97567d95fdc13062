import LeverCore
import LeverService

/// Rooms are resources: all calls for `lobby` reach the one instance that holds it, so a room needs no database to be consistent.
@main struct Chat: LeverServiceMain {
    static var service: ServiceDefinition {
        ResourceService { (resource: ResourceContext) in
            resource.logger.info("the room opens")
            return Room()
        } methods: {
            ResourceMethod("Say") { (room: Room, author: String, text: String) in
                await room.say(Post(author: author, text: text))
            }
            ResourceMethod("History") { (room: Room) in await room.history() }

            // What comes over the channel is said in the room; what is said in the room goes over the channel.
            ResourceChannelMethod("JoinChan") { (room: Room, channel, author: String) in
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        for await post in await room.listen() { try await channel.send(post) }
                    }
                    for try await text in channel.messages(as: String.self) {
                        await room.say(Post(author: author, text: text))
                    }
                    group.cancelAll()
                }
            }
        }
    }
}
