import LeverCore
import LeverTransport
import Logging
import NIOPosix
import Synchronization

/// A real instance with a name, as the SDK makes one: answers its name, and holds calls until it is told to let them go.
final class NamedServer: RPCHandler {
    private struct State {
        var server: RPCServer?
        var seen: [(resource: String, gateway: String?)] = []
        var isReleased = false
        var held: [CheckedContinuation<Void, Never>] = []
    }

    let name: String
    private let state = Mutex(State())

    private init(_ name: String) {
        self.name = name
    }

    /// Runs a test with some instances.
    static func with(
        _ names: String..., body: ([NamedServer]) async throws -> Void
    ) async throws {
        let servers = names.map { NamedServer($0) }
        for server in servers {
            let listening = try await RPCServer.start(
                on: .tcp(host: "127.0.0.1", port: 0), handler: server,
                group: MultiThreadedEventLoopGroup.singleton,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            server.state.withLock { $0.server = listening }
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body(servers)) } catch { result = .failure(error) }
        for server in servers {
            server.release()
            await server.stop()
        }
        try result.get()
    }

    var address: String { state.withLock { "\($0.server?.localAddress as Any? ?? "")" } }
    var seen: [(resource: String, gateway: String?)] { state.withLock { $0.seen } }
    var held: Int { state.withLock { $0.held.count } }
    var connections: Int { state.withLock { $0.server?.connectionCount ?? 0 } }

    func stop() async {
        await state.withLock { $0.server }?.drain(within: .zero)
    }

    func release() {
        let held = state.withLock { state in
            state.isReleased = true
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        state.withLock { $0.seen.append((context.url.resource, context.internalGateway)) }
        if context.url.method.rawValue == "Hold" {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if !state.isReleased { state.held.append(continuation) }
                    return state.isReleased
                }
                if goesOn { continuation.resume() }
            }
        }
        return .result(.string(name))
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        while let message = try await channel.receive() { try await channel.send(message) }
    }
}
