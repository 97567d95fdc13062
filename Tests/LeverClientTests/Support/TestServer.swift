import LeverCore
import LeverTransport
import Logging
import NIOPosix

/// A server of its own on a port of this machine, whose calls end in a handler.
struct TestServer: Sendable {
    let handler: RecordingHandler
    let address: TransportAddress
    private let server: RPCServer

    /// Starts to listen, on a free port or one that is known to be free.
    static func start(_ handler: RecordingHandler, port: Int = 0) async throws -> TestServer {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try await RPCServer.start(
            on: .tcp(host: "127.0.0.1", port: port), handler: handler, group: MultiThreadedEventLoopGroup.singleton,
            logger: logger)
        return TestServer(handler: handler, address: server.localAddress, server: server)
    }

    var host: String { address.description }

    var port: Int {
        if case .tcp(_, let port) = address { port } else { 0 }
    }

    /// Calls that reached the handler.
    var count: Int { handler.calls.count }

    func stop() async {
        await server.drain(within: .zero)
    }
}

/// Runs `body` with servers that answer with their number, and ends them.
func withServers(
    _ count: Int, unary: RecordingHandler.Unary? = nil,
    _ body: ([TestServer]) async throws -> Void
) async throws {
    var servers: [TestServer] = []
    for number in 0..<count {
        let handler = RecordingHandler(
            unary: unary ?? { _, _ in .result(.number(Double(number))) },
            channel: { _, _, channel in
                while let message = try await channel.receive() { try await channel.send(message) }
            })
        servers.append(try await TestServer.start(handler))
    }
    do {
        try await body(servers)
    } catch {
        for server in servers { await server.stop() }
        throw error
    }
    for server in servers { await server.stop() }
}

/// Asks again until the condition holds; a test's time limit ends it where it never does.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
