import LeverCore

/// Something that was said.
struct Post: Codable, Sendable {
    var author: String
    var text: String
}

/// A room: its last posts, and who listens.
actor Room {
    static let kept = 50
    private var posts: [Post] = []
    private var listeners: [Int: AsyncStream<Post>.Continuation] = [:]
    private var next = 0

    /// Keeps a post and tells all who listen.
    func say(_ post: Post) {
        posts.append(post)
        if posts.count > Self.kept { posts.removeFirst() }
        for listener in listeners.values { listener.yield(post) }
    }

    func history() -> [Post] { posts }

    /// The posts that the room has, then each as it comes. A listener that falls far behind misses posts: the room never waits.
    func listen() -> AsyncStream<Post> {
        let (stream, continuation) = AsyncStream.makeStream(of: Post.self, bufferingPolicy: .bufferingNewest(1_000))
        for post in posts { continuation.yield(post) }
        let number = next
        next += 1
        listeners[number] = continuation
        continuation.onTermination = { _ in Task { await self.forget(number) } }
        return stream
    }

    private func forget(_ number: Int) {
        listeners[number] = nil
    }
}
