// The data path alone: one event loop, a table with one service and one instance.
//
// usage: benchmark-proxy <port> <port of the instance>

import HashTreeCollections
import LeverCore
import LeverRouter
import LeverTransport
import Logging
import NIOCore
import NIOPosix

final class Acceptor: HTTP2ConnectionDelegate {
    private let router: LoopRouter

    init(_ router: LoopRouter) {
        self.router = router
    }

    func connection(
        _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
    ) -> (any HTTP2StreamDelegate)? {
        router.accept(stream, head: head, endStream: endStream, from: Caller(environment: nil, isLocal: true))
    }
}

let ports = CommandLine.arguments.dropFirst().compactMap { Int($0) }
guard ports.count == 2 else {
    print("usage: benchmark-proxy <port> <port of the instance>")
    exit(2)
}
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let router = try await Router(
    group: group, configuration: RouterConfiguration(), logger: Logger(label: "benchmark"))
let service = ServiceID(environment: .default, service: try ServiceName("hello"))
let instance = InstanceRoute(
    id: InstanceID("benchmark-1"), service: service, version: 1, address: .tcp(host: "127.0.0.1", port: ports[1]))
router.update { snapshot in
    snapshot.environments.insert(.default)
    snapshot.services[service] = ServiceRoute(id: service, isPrivate: false, target: .instances([instance]))
}
let server = try await ServerBootstrap(group: group)
    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    .serverChannelOption(.backlog, value: 1_024)
    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    .childChannelOption(.maxMessagesPerRead, value: 1)
    .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
            let acceptor = Acceptor(router.onLoop(channel.eventLoop))
            try channel.pipeline.syncOperations.addHandler(HTTP2Connection(role: .server, delegate: acceptor))
        }
    }
    .bind(host: "127.0.0.1", port: ports[0]).get()
print("listening on \(server.localAddress!)")
try await server.closeFuture.get()
