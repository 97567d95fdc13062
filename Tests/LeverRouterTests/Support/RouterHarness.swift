import HashTreeCollections
import LeverCore
import LeverRouter
import LeverTransport
import Logging
import NIOCore
import NIOPosix

/// A router of one event loop behind a real port, with instances that tests script and a client in front.
final class RouterHarness: Sendable {
    let group: MultiThreadedEventLoopGroup
    let router: Router
    let client: NIOLoopBound<HTTP2Endpoint>
    let clientLoop: any EventLoop
    private let front: any Channel
    static let service = ServiceID(environment: .default, service: try! ServiceName("hello"))

    /// Runs a test with a router of its own; all gates must be empty at its end.
    static func run(
        _ behaviours: [TestInstance.Behaviour], configuration: RouterConfiguration = .init(),
        caller: Caller = Caller(environment: nil, isLocal: true), isPrivate: Bool = false,
        endpoints: EndpointConfiguration = .defaults, budget: BufferBudget? = nil,
        end: InstanceEnd? = nil,
        _ body: (RouterHarness, [TestInstance], [InstanceRoute]) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let harness = try await RouterHarness(
            group, configuration: configuration, caller: caller, endpoints: endpoints, budget: budget)
        var instances: [TestInstance] = []
        for behaviour in behaviours { instances.append(try await .start(behaviour, on: group)) }
        let routes = instances.enumerated().map { index, instance in
            InstanceRoute(
                id: InstanceID("hello-\(index + 1)"), service: service, version: 3, address: instance.address, end: end)
        }
        harness.publish(routes, isPrivate: isPrivate)
        do {
            try await body(harness, instances, routes)
        } catch {
            await harness.stop(instances)
            throw error
        }
        await harness.stop(instances)
    }

    private init(
        _ group: MultiThreadedEventLoopGroup, configuration: RouterConfiguration, caller: Caller,
        endpoints: EndpointConfiguration, budget: BufferBudget?
    ) async throws {
        self.group = group
        var endpoints = endpoints
        endpoints.http2.budget = budget
        let http2 = Self.configuration(budget)
        let logger = Logger(label: "router-tests")
        let router = try await Router(
            group: group, configuration: configuration, endpoints: endpoints, logger: logger)
        self.router = router
        front = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let acceptor = Acceptor(router.onLoop(channel.eventLoop), caller)
                    try channel.pipeline.syncOperations.addHandler(
                        HTTP2Connection(role: .server, configuration: http2, delegate: acceptor))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = front.localAddress!.port!
        let loop = group.next()
        clientLoop = loop
        client = try await loop.submit {
            NIOLoopBound(
                HTTP2Endpoint(address: .tcp(host: "127.0.0.1", port: port), eventLoop: loop, logger: logger),
                eventLoop: loop)
        }.get()
    }

    private static func configuration(_ budget: BufferBudget?) -> HTTP2Configuration {
        var http2 = HTTP2Configuration()
        http2.budget = budget
        return http2
    }

    private final class Acceptor: HTTP2ConnectionDelegate {
        private let router: LoopRouter
        private let caller: Caller

        init(_ router: LoopRouter, _ caller: Caller) {
            self.router = router
            self.caller = caller
        }

        func connection(
            _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
        ) -> (any HTTP2StreamDelegate)? {
            router.accept(stream, head: head, endStream: endStream, from: caller)
        }
    }

    /// Puts the service with these instances into the table.
    func publish(_ routes: [InstanceRoute], isPrivate: Bool = false, gateway: String? = "127.0.0.1:9999") {
        router.update { snapshot in
            snapshot.environments.insert(.default)
            snapshot.services[Self.service] = ServiceRoute(
                id: Self.service, isPrivate: isPrivate, internalGateway: gateway, target: .instances(routes))
        }
    }

    /// Waits until all loops have the table as it stands: a call may come in before a loop has taken it.
    func settle() async {
        for loop in group.makeIterator() { try? await loop.submit {}.get() }
    }

    /// Puts an activation of a resource into the table.
    @discardableResult
    func activate(_ resource: String, epoch: UInt32 = 1, on instance: InstanceRoute) -> ActivationRoute {
        let route = ActivationRoute(
            resource: ResourceID(resource), epoch: Epoch(term: 1, counter: epoch), instance: instance)
        router.update { $0.activate(route) }
        return route
    }

    /// Begins a call over a connection of its own, which ends at another event loop of the router's than the client's usual
    /// one does in half of the cases.
    func callOverNewConnection(url: String, headers: [(String, String)] = []) async throws -> TestCall {
        let (loop, port) = (group.next(), front.localAddress!.port!)
        let endpoint = try await loop.submit {
            NIOLoopBound(
                HTTP2Endpoint(
                    address: .tcp(host: "127.0.0.1", port: port), eventLoop: loop, logger: Logger(label: "client")),
                eventLoop: loop)
        }.get()
        return .begin(endpoint, on: loop, url: url, headers: headers)
    }

    /// Begins a call of the client.
    func call(
        url: String? = "lever://dev.lever/hello//Say", path: String = RPCHeader.unaryPath,
        headers: [(String, String)] = [], body: [UInt8]? = [0, 0, 0, 0, 0], readsData: Bool = true
    ) -> TestCall {
        .begin(
            client, on: clientLoop, url: url, path: path, headers: headers, body: body, readsData: readsData)
    }

    private func stop(_ instances: [TestInstance]) async {
        let client = client
        try? await clientLoop.submit { client.value.close(force: true) }.get()
        router.close()
        try? await front.close()
        for instance in instances { try? await instance.stop() }
        try? await group.shutdownGracefully()
    }
}
