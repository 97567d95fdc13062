import LeverCore
import Synchronization

/// Keeps the contexts and arguments of calls, and answers them with a closure.
final class RecordingHandler: RPCHandler {
    typealias Unary = @Sendable (CallContext, RPCArguments) async throws -> RPCReply
    typealias Channel = @Sendable (CallContext, RPCArguments, any RPCChannel) async throws -> Void

    private let recorded = Mutex<[(context: CallContext, arguments: RPCArguments)]>([])
    private let unary: Unary
    private let channel: Channel

    init(
        unary: @escaping Unary = { _, _ in .result(nil) }, channel: @escaping Channel = { _, _, _ in }
    ) {
        self.unary = unary
        self.channel = channel
    }

    var calls: [(context: CallContext, arguments: RPCArguments)] { recorded.withLock { $0 } }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        recorded.withLock { $0.append((context, arguments)) }
        return try await unary(context, arguments)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        recorded.withLock { $0.append((context, arguments)) }
        try await self.channel(context, arguments, channel)
    }
}
