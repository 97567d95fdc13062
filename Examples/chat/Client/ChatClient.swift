import ArgumentParser
import LeverClient
import LeverCore

struct Post: Codable, Sendable {
    var author: String
    var text: String
}

/// `chat lobby --name Ada`: what you type is said in the room, what others say is printed.
@main struct ChatClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "chat", abstract: "Joins a room of the chat service.")

    @Argument(help: "The room.")
    var room: String

    @Option(help: "Who you are.")
    var name: String

    @Option(help: "The Lever host.")
    var host = "127.0.0.1:8080"

    func run() async throws {
        let (name, room) = (name, room)
        try await withLeverClient(host: host) { client in
            let channel = try await client.service("chat").resource(room).channel("JoinChan", name)
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for try await post in channel.messages(as: Post.self) where post.author != name {
                        print("\(post.author): \(post.text)")
                    }
                }
                for try await line in Lines.ofStandardInput() { try await channel.send(line) }
                try await channel.finish()
                try await group.waitForAll()
            }
        }
    }
}

/// What is typed. Reading blocks, so a thread of its own does it.
enum Lines {
    static func ofStandardInput() -> AsyncStream<String> {
        AsyncStream { lines in
            Task.detached {
                while let line = readLine() { lines.yield(line) }
                lines.finish()
            }
        }
    }
}
