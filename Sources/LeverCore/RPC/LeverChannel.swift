/// An open channel, in the hands of its caller or of the method that serves it: messages both ways, with back-pressure.
///
/// ```swift
/// let feed = try await client.service("dev.lever", "chat").channel("FeedChan", "lobby")
/// try await feed.send("hello")
/// for try await message in feed.messages(as: Post.self) { … }
/// ```
///
/// The sequence of messages ends when the peer has finished: for a caller when the method has returned, for a method when
/// the caller has called ``finish()``. It throws ``RemoteError`` for the method's own error and ``RPCError`` when the
/// channel was lost. One task at a time may receive, and one send. A caller's channel that nobody holds any more is
/// cancelled.
public final class LeverChannel: Sendable {
    /// The method at the other end, or the one that serves it.
    public let url: LeverURL

    private let channel: any RPCChannel
    private let isCallers: Bool
    private let errorTypes: [any (Error & Decodable).Type]

    /// Gives a channel of a transport the forms that programs use.
    ///
    /// - Parameters:
    ///   - channel: The channel.
    ///   - url: The method.
    ///   - isCallers: Whether it is the caller's end, which is cancelled when it is dropped.
    ///   - errorTypes: What the method's own error is thrown as, where it has one of these forms.
    package init(
        _ channel: any RPCChannel, url: LeverURL, isCallers: Bool, errorTypes: [any (Error & Decodable).Type] = []
    ) {
        self.errorTypes = errorTypes
        self.channel = channel
        self.url = url
        self.isCallers = isCallers
    }

    deinit {
        if isCallers { channel.cancel() }
    }

    /// Sends a value, a collection of bytes as bytes; returns when there is room for another.
    ///
    /// - Throws: ``RPCError`` when the channel is closed, `EncodingError`, `CancellationError`.
    public func send(_ value: some Encodable & Sendable) async throws {
        try await channel.send(ChannelMessage(encoding: value))
    }

    /// Sends bytes; returns when there is room for another message.
    ///
    /// - Throws: ``RPCError`` when the channel is closed, `CancellationError`.
    public func send(bytes: [UInt8]) async throws {
        try await channel.send(.bytes(bytes))
    }

    /// Sends a message as it is; returns when there is room for another.
    ///
    /// - Throws: ``RPCError`` when the channel is closed, `CancellationError`.
    public func send(_ message: ChannelMessage) async throws {
        try await channel.send(message)
    }

    /// The next message, a value or bytes; `nil` once the peer has finished.
    ///
    /// - Throws: ``RemoteError`` for the method's own error, ``RPCError`` when the channel was lost or ended with a
    ///   status, `CancellationError`.
    public func receive() async throws -> ChannelMessage? {
        guard let message = try await channel.receive() else { return nil }
        switch message {
        case .value, .bytes: return message
        case .error(let value): throw RemoteError(url: url, payload: .value(value)).decoded(as: errorTypes)
        case .errorBytes(let bytes): throw RemoteError(url: url, payload: .bytes(bytes)).decoded(as: errorTypes)
        }
    }

    /// The next message as a type; `nil` once the peer has finished.
    ///
    /// - Throws: as ``receive()``, and `DecodingError` where the message has another form; the channel stays usable.
    public func receive<Message: Decodable>(as type: Message.Type) async throws -> Message? {
        switch try await receive() {
        case .value(let value)?: try StandaloneBytes.decode(type, from: value)
        case .bytes(let bytes)?: try StandaloneBytes.decode(type, from: bytes)
        default: nil
        }
    }

    /// Says that this end sends nothing more; receiving goes on.
    ///
    /// - Throws: ``RPCError`` when the channel is closed.
    public func finish() async throws {
        try await channel.finish()
    }

    /// Ends both directions at once; the peer sees a cancelled call.
    public func cancel() {
        channel.cancel()
    }
}

extension LeverChannel: AsyncSequence {
    /// A value or bytes; errors are thrown.
    public typealias Element = ChannelMessage

    /// Takes messages off the channel.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let channel: LeverChannel

        /// The next message; `nil` once the peer has finished.
        public func next() async throws -> ChannelMessage? {
            try await channel.receive()
        }
    }

    /// Starts to take messages off the channel.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(channel: self)
    }

    /// The messages as values of a type.
    public func messages<Message: Decodable>(as type: Message.Type) -> Messages<Message> {
        Messages(channel: self)
    }

    /// A channel's messages as values of one type.
    public struct Messages<Message: Decodable>: AsyncSequence, Sendable {
        /// The type of the messages.
        public typealias Element = Message

        let channel: LeverChannel

        /// Takes messages off the channel.
        public struct AsyncIterator: AsyncIteratorProtocol {
            let channel: LeverChannel

            /// The next message; `nil` once the peer has finished.
            public func next() async throws -> Message? {
                try await channel.receive(as: Message.self)
            }
        }

        /// Starts to take messages off the channel.
        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(channel: channel)
        }
    }
}
