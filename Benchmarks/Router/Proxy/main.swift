// The data path alone: one event loop, a table with one service, one instance, and resources that it holds.
//
// usage: benchmark-proxy <port> <port of the instance>

import HashTreeCollections
import CProcess
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
// As leveroshost does it.
lever_keep_freed_memory(8 << 20)
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
// All that a host has on, the count of what it holds included.
var http2 = HTTP2Configuration()
http2.budget = BufferBudget(limit: 256 * 1024 * 1024)
var endpoints = EndpointConfiguration()
endpoints.http2 = http2
let router = try await Router(
    group: group, configuration: RouterConfiguration(), endpoints: endpoints, logger: Logger(label: "benchmark"))
let service = ServiceID(environment: .default, service: try ServiceName("hello"))
let instance = InstanceRoute(
    id: InstanceID("benchmark-1"), service: service, version: 1, address: .tcp(host: "127.0.0.1", port: ports[1]))
router.update { snapshot in
    snapshot.environments.insert(.default)
    snapshot.set(ServiceRoute(id: service, isPrivate: false, target: .instances([instance])))
    // `benchmark-load` calls these when it is to call many destinations.
    for number in 0..<2_000 {
        snapshot.activate(
            ActivationRoute(
                resource: ResourceID("resource-\(number)"), epoch: Epoch(term: 1, counter: UInt32(number + 1)),
                instance: instance))
    }
}
let server = try await ServerBootstrap(group: group)
    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    .serverChannelOption(.backlog, value: 1_024)
    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    .childChannelOption(.maxMessagesPerRead, value: 1)
    .childChannelInitializer { [http2] channel in
        channel.eventLoop.makeCompletedFuture {
            let acceptor = Acceptor(router.onLoop(channel.eventLoop))
            try channel.pipeline.syncOperations.addHandler(
                HTTP2Connection(role: .server, configuration: http2, delegate: acceptor))
        }
    }
    .bind(host: "127.0.0.1", port: ports[0]).get()
print("listening on \(server.localAddress!)")
try await server.closeFuture.get()
