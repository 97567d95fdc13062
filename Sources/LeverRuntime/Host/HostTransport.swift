import LeverCore
import LeverRouter

/// Calls from the program that a host is embedded in; they wait until the host has started.
struct HostTransport: RPCTransport {
    let start: HostStart

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await transport().call(context, arguments)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        try await transport().open(context, arguments)
    }

    /// The program is outside of all environments, and on the host's own machine.
    private func transport() async throws -> RouterTransport {
        do {
            return try await start.value().router.transport(caller: Caller(environment: nil, isLocal: true))
        } catch let error as RuntimeError {
            throw RPCError(.shuttingDown, "the host does not run: \(error.message)", cause: error)
        }
    }
}
