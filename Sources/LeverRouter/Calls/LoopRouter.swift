package import LeverCore
package import LeverTransport
package import Logging
package import NIOCore

/// The data path of one event loop: its view of the routing snapshot, and its own connections to the instances. Confined to
/// the loop; a call whose route is known meets no lock, task or other loop.
package final class LoopRouter {
    package let eventLoop: any EventLoop
    package let configuration: RouterConfiguration
    package let waitingRoom: WaitingRoom
    @exclusivity(unchecked) package private(set) var snapshot = RoutingSnapshot()

    let deadlines: DeadlineWheel
    private let balancer: any LoadBalancer
    private let endpointConfiguration: EndpointConfiguration
    private let logger: Logger
    @exclusivity(unchecked) private var random: FastRandom
    @exclusivity(unchecked) private var endpoints: [InstanceID: HTTP2Endpoint] = [:]
    @exclusivity(unchecked) private var idleCalls: [SplicedCall] = []
    @exclusivity(unchecked) private var isClosed = false

    package init(
        eventLoop: any EventLoop, configuration: RouterConfiguration, balancer: any LoadBalancer,
        endpointConfiguration: EndpointConfiguration, waitingRoom: WaitingRoom, seed: UInt64, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.balancer = balancer
        self.endpointConfiguration = endpointConfiguration
        self.waitingRoom = waitingRoom
        self.logger = logger
        random = FastRandom(seed: seed)
        deadlines = DeadlineWheel(eventLoop: eventLoop)
    }

    // MARK: The table

    /// Takes a newer snapshot.
    package func update(_ snapshot: RoutingSnapshot) {
        if snapshot.generation > self.snapshot.generation { self.snapshot = snapshot }
    }

    /// Closes the connection to an instance that is gone or about to end; calls on it were ended before or end with it.
    package func forget(_ instance: InstanceID) {
        endpoints.removeValue(forKey: instance)?.close()
    }

    /// Closes all connections.
    package func close() {
        for endpoint in endpoints.values { endpoint.close() }
        endpoints = [:]
        // They refer to this object.
        isClosed = true
        idleCalls = []
    }

    // MARK: Calls

    /// Takes an accepted gRPC stream: joins it to an instance's, or hands it to a handler of this process.
    package func accept(
        _ stream: HTTP2Stream, head: HTTP2Head, endStream: Bool, from caller: Caller
    ) -> (any HTTP2StreamDelegate)? {
        let route: RequestRoute
        if let known = head.memo as? RequestRoute {
            route = known
        } else {
            route = RequestRoute(head, from: caller, configuration)
            head.memo = route
        }
        if route.refusal == nil, case .success(let service) = route.route(in: snapshot),
            case .inProcess(let handler) = service.target
        {
            return GRPCServerCall.serve(
                stream, head: head, endStream: endStream, handler: handler,
                origin: .caller(environment: caller.environment))
        }
        let call = idleCalls.popLast() ?? SplicedCall(router: self)
        call.begin(stream, route, endStream: endStream)
        return call
    }

    /// Picks where a call goes now, entering the gate of the instance.
    package func pick(_ route: ServiceRoute, leavingOut tried: [InstanceID] = []) -> Destination {
        route.pick(balancer, random: &random, leavingOut: tried)
    }

    /// This loop's way to an instance.
    package func endpoint(for instance: InstanceRoute) -> HTTP2Endpoint {
        if let known = endpoints[instance.id] { return known }
        let made = HTTP2Endpoint(
            address: instance.address, eventLoop: eventLoop, configuration: endpointConfiguration, logger: logger)
        endpoints[instance.id] = made
        return made
    }

    /// Keeps a call's object for a later call; `false` where there are enough.
    func recycle(_ call: SplicedCall) -> Bool {
        guard idleCalls.count < 1_024, !isClosed else { return false }
        idleCalls.append(call)
        return true
    }
}
