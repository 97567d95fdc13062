package import LeverCore
import LeverTransport
import Synchronization

/// Calls from the program that a host, or a router that stands alone, lives in; they wait until that has started.
package final class ServerClient: ReplyMetadataTransport {
    private let start: ServerStart
    private let caller: Caller
    private let client = Mutex<RouterClient?>(nil)

    /// Makes calls for a caller.
    package init(_ start: ServerStart, caller: Caller) {
        self.start = start
        self.caller = caller
    }

    package func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await running().call(context, arguments)
    }

    package func callWithMetadata(
        _ context: CallContext, _ arguments: RPCArguments
    ) async throws -> (reply: RPCReply, metadata: [(name: String, value: String)]) {
        try await running().callWithMetadata(context, arguments)
    }

    package func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        try await running().open(context, arguments)
    }

    private func running() async throws -> RouterClient {
        if let started = start.started { return client(of: started.router) }
        do {
            return client(of: try await start.value().router)
        } catch let error as RuntimeError {
            throw RPCError(.shuttingDown, "the host does not run: \(error.message)", cause: error)
        }
    }

    private func client(of router: Router) -> RouterClient {
        client.withLock { client in
            if let client { return client }
            let made = router.client(caller: caller)
            client = made
            return made
        }
    }
}
