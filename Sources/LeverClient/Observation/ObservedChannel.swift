internal import LeverCore
internal import LeverTransport
internal import Synchronization

/// A caller's channel that says once how it ended: `nil` when the method has returned, an error, or a cancellation where the
/// caller gave it up.
final class ObservedChannel: RPCChannel {
    private let channel: any RPCChannel
    private let ended: Mutex<(@Sendable (CallOutcome) -> Void)?>

    init(_ channel: any RPCChannel, ended: @escaping @Sendable (CallOutcome) -> Void) {
        self.channel = channel
        self.ended = Mutex(ended)
    }

    deinit {
        end(.status(.cancelled))
    }

    private func end(_ outcome: CallOutcome) {
        let ended = ended.withLock { ended in
            defer { ended = nil }
            return ended
        }
        ended?(outcome)
    }

    func send(_ message: ChannelMessage) async throws {
        try await channel.send(message)
    }

    func receive() async throws -> ChannelMessage? {
        do {
            let message = try await channel.receive()
            switch message {
            case nil: end(.answered)
            case .error, .errorBytes: end(.methodError)
            default: break
            }
            return message
        } catch {
            // The channel stays usable where only the wait was cancelled.
            if !(error is CancellationError) { end(CallOutcome(error)) }
            throw error
        }
    }

    func finish() async throws {
        try await channel.finish()
    }

    func cancel() {
        end(.status(.cancelled))
        channel.cancel()
    }
}

extension ObservedChannel: ReplyMetadataChannel {
    var replyMetadata: [(name: String, value: String)] {
        get async { await (channel as? any ReplyMetadataChannel)?.replyMetadata ?? [] }
    }
}
