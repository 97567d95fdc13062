import LeverCore
import Logging
import NIOCore
import NIOPosix

@testable import LeverTransport

#if canImport(Glibc)
import Glibc
#endif

/// The ways from a caller to a handler that have to behave the same.
enum TransportUnderTest: String, CaseIterable, Sendable {
    case inProcess, inProcessOnGlobalExecutor, tcp, unixSocket, tcpOnGlobalExecutor

    var isInProcess: Bool { self == .inProcess || self == .inProcessOnGlobalExecutor }

    /// Runs `body` with a transport to a new handler.
    func with(
        configuration: GRPCConfiguration = .defaults,
        _ body: (any RPCTransport, ProbeHandler) async throws -> Void
    ) async throws {
        let handler = ProbeHandler()
        try await with(handler, configuration: configuration) { try await body($0, handler) }
    }

    /// Runs `body` with a transport to a handler.
    func with(
        _ handler: any RPCHandler, configuration: GRPCConfiguration = .defaults,
        _ body: (any RPCTransport) async throws -> Void
    ) async throws {
        var configuration = configuration
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let address: TransportAddress
        switch self {
        case .inProcess:
            try await body(InProcessTransport(handler: handler, configuration: configuration))
            return
        case .inProcessOnGlobalExecutor:
            configuration.handlersRunOnGlobalExecutor = true
            try await body(InProcessTransport(handler: handler, configuration: configuration))
            return
        case .tcp: address = .tcp(host: "127.0.0.1", port: 0)
        case .tcpOnGlobalExecutor:
            address = .tcp(host: "127.0.0.1", port: 0)
            configuration.handlersRunOnGlobalExecutor = true
        case .unixSocket: address = .unix(path: "/tmp/lever-\(getpid())-\(UInt32.random(in: .min ... .max)).sock")
        }
        let group = MultiThreadedEventLoopGroup.singleton
        var server = RPCServerConfiguration()
        server.grpc = configuration
        let running = try await RPCServer.start(
            on: address, handler: handler, group: group, configuration: server, logger: logger)
        let eventLoop = group.next()
        let way = EndpointBox(
            HTTP2Endpoint(address: running.localAddress, eventLoop: eventLoop, logger: logger))
        let transport = HTTP2RPCTransport(endpoint: way.endpoint, configuration: configuration)
        do {
            try await body(transport)
        } catch {
            await way.close()
            await running.drain(within: .zero)
            throw error
        }
        await way.close()
        await running.drain(within: .zero)
    }
}

/// Carries an endpoint to its loop. Unchecked: it is touched there only.
final class EndpointBox: @unchecked Sendable {
    let endpoint: HTTP2Endpoint

    init(_ endpoint: HTTP2Endpoint) {
        self.endpoint = endpoint
    }

    func close() async {
        try? await endpoint.eventLoop.submit { self.endpoint.close(force: true) }.get()
    }
}

/// A call of one of the probe's methods.
func context(_ method: String, timeout: Duration? = nil) -> CallContext {
    // The tests' own names are well-formed.
    let url = try! LeverURL("lever://dev.lever/probe/some/resource/\(method)")
    return CallContext(url: url, deadline: timeout.map { .now + $0 })
}
