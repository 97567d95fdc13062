import LeverService
import LeverTransport
import Logging
import NIOPosix

/// Runs a service's server for the time that `body` takes, which gets the address.
func withServer(
    _ service: LeverService, at address: TransportAddress = .tcp(host: "127.0.0.1", port: 0),
    _ body: (TransportAddress) async throws -> Void
) async throws {
    let server = try await RPCServer.start(
        on: address, handler: service.handler(), group: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "test"))
    do {
        try await body(server.localAddress)
    } catch {
        await server.drain(within: .zero)
        throw error
    }
    await server.drain(within: .zero)
}
