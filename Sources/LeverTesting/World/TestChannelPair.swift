internal import LeverCore
import Synchronization

/// Both ends of a channel that a host in memory carries.
final class TestChannelPair: Sendable {
    private let toHandler: InProcessPipe
    private let toCaller: InProcessPipe
    private let context: CallContext
    private let link: Link
    private let onAccept = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ context: CallContext, bound: Int, link: Link) {
        self.context = context
        self.link = link
        toHandler = InProcessPipe(bound: bound)
        toCaller = InProcessPipe(bound: bound)
    }

    /// Runs the handler until it returns; gives the error that it ended with.
    func serve(
        _ handler: any RPCHandler, _ arguments: RPCArguments, accepted: @escaping @Sendable () -> Void
    ) async -> RPCError? {
        onAccept.withLock { $0 = accepted }
        do {
            try await handler.open(context, arguments, End(self, isHandlers: true) {})
            await link.pass()
            accept()
            toCaller.end()
            toHandler.end(RPCError(.cancelled, "the method \"\(context.url.method)\" has returned"))
            return nil
        } catch {
            let error = HostWorld.passedOn(error, context)
            await link.pass()
            end(error)
            return error
        }
    }

    /// The caller's end; `cancelled` is told when the caller gives up.
    func callers(cancelled: @escaping @Sendable () -> Void) -> any RPCChannel {
        End(self, isHandlers: false, cancelled)
    }

    private func accept() {
        onAccept.withLock { $0.take() }?()
    }

    /// Ends both directions; what was ended in order before stays so.
    func end(_ error: RPCError) {
        toCaller.end(error)
        toHandler.end(error)
    }

    private final class End: RPCChannel {
        private let pair: TestChannelPair
        private let isHandlers: Bool
        private let cancelled: @Sendable () -> Void

        init(_ pair: TestChannelPair, isHandlers: Bool, _ cancelled: @escaping @Sendable () -> Void) {
            self.pair = pair
            self.isHandlers = isHandlers
            self.cancelled = cancelled
        }

        func accept() async throws {
            guard isHandlers else { return }
            await pair.link.pass()
            pair.accept()
        }

        func send(_ message: ChannelMessage) async throws {
            await pair.link.pass()
            if isHandlers { pair.accept() }
            try await (isHandlers ? pair.toCaller : pair.toHandler).send(message)
        }

        func receive() async throws -> ChannelMessage? {
            try await accept()
            return try await (isHandlers ? pair.toHandler : pair.toCaller).receive()
        }

        func finish() async throws {
            await pair.link.pass()
            if isHandlers {
                // The caller sees the end when the method has returned, with its status.
                pair.accept()
                pair.toCaller.close()
            } else {
                pair.toHandler.end()
            }
        }

        func cancel() {
            pair.end(RPCError(.cancelled, "the channel was cancelled"))
            cancelled()
        }
    }
}
