internal import LeverCore

/// What comes over a channel of the administration, until its end.
///
/// Whoever reads slower than the host writes is told how many entries are missing; the host never waits. Dropping the
/// feed ends the channel.
public struct AdminFeed<Entry: Codable & Sendable>: AsyncSequence, Sendable {
    /// What comes.
    public enum Message: Sendable {
        /// The next line, or event.
        case entry(Entry)
        /// This many entries are missing here: they came too fast to be sent, or to be kept.
        case dropped(Int)
    }

    let channel: LeverChannel

    /// Takes messages off the channel.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let channel: LeverChannel

        /// The next message; `nil` once the host has finished.
        ///
        /// - Throws: `RPCError` when the channel was lost or ended with a status, `DecodingError`, `CancellationError`.
        public func next() async throws -> Message? {
            guard let value = try await channel.receive(as: LeverValue.self) else { return nil }
            if let count = value["dropped"]?.intValue { return .dropped(count) }
            return .entry(try LeverDecoder().decode(Entry.self, from: value))
        }
    }

    /// Starts to take messages off the channel.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(channel: channel)
    }
}
