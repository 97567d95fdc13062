package import LeverCore
import LeverTransport
import NIOCore
import Synchronization

/// Calls of a program that are made from anywhere: one that names no resource of a service in this process goes straight to
/// its handler, in the caller's own task; others are made from the event loops in turn.
package struct RouterClient: ReplyMetadataTransport {
    private let router: Router
    private let transports: [RouterTransport]
    private let caller: Caller
    private let turn = Turn()

    private final class Turn: Sendable {
        private let next = Atomic<UInt>(0)

        func take() -> UInt { next.wrappingAdd(1, ordering: .relaxed).oldValue }
    }

    init(_ router: Router, _ transports: [RouterTransport], caller: Caller) {
        self.router = router
        self.transports = transports
        self.caller = caller
    }

    /// One of the loops' transports.
    private var transport: RouterTransport { transports[Int(turn.take() % UInt(transports.count))] }

    package func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        if context.url.resource.isEmpty {
            let (context, service) = try RouterTransport.prepare(context, for: caller)
            if let entered = try router.enterHandler(of: service, for: caller) {
                defer { entered.instance?.leave(at: .now()) }
                return try await transports[0].here(entered.handler).call(context, arguments)
            }
        }
        return try await transport.call(context, arguments)
    }

    package func callWithMetadata(
        _ context: CallContext, _ arguments: RPCArguments
    ) async throws -> (reply: RPCReply, metadata: [(name: String, value: String)]) {
        if context.url.resource.isEmpty {
            let (context, service) = try RouterTransport.prepare(context, for: caller)
            if let entered = try router.enterHandler(of: service, for: caller) {
                defer { entered.instance?.leave(at: .now()) }
                return (try await transports[0].here(entered.handler).call(context, arguments), [])
            }
        }
        return try await transport.callWithMetadata(context, arguments)
    }

    package func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        try await transport.open(context, arguments)
    }
}
