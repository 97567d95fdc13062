import LeverCore
import LeverTransport

/// Answers calls that came over a connection and end in this process: each is routed, waits and is counted as any other.
struct RoutedHandler: RPCHandler {
    let transport: RouterTransport

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await transport.call(context, arguments)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        try await transport.serve(context, arguments, channel)
    }
}

/// Says when the handler of a channel has returned.
struct ReturningHandler: RPCHandler {
    let handler: any RPCHandler
    let returned: @Sendable () -> Void

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        defer { returned() }
        return try await handler.call(context, arguments)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        defer { returned() }
        try await handler.open(context, arguments, channel)
    }
}
