import LeverCore
import LeverTransport
import Synchronization

/// A caller's end of a channel to a handler of this process, which the host can end with an error.
final class EndableChannel: RPCChannel, EndableCall {
    private let channel: any RPCChannel
    private let ending = Mutex<RPCError?>(nil)

    init(_ channel: any RPCChannel) {
        self.channel = channel
    }

    func send(_ message: ChannelMessage) async throws {
        try await naming { try await channel.send(message) }
    }

    func receive() async throws -> ChannelMessage? {
        try await naming { try await channel.receive() }
    }

    func finish() async throws {
        try await naming { try await channel.finish() }
    }

    func cancel() { channel.cancel() }

    func end(with error: RPCError) {
        ending.withLock { if $0 == nil { $0 = error } }
        channel.cancel()
    }

    /// What the host ended the channel with says more than that it was cancelled.
    private func naming<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as RPCError where error.code == .cancelled {
            throw ending.withLock { $0 } ?? error
        }
    }
}
