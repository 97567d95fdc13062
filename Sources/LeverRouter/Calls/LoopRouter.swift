import HashTreeCollections
package import LeverCore
package import LeverTransport
package import Logging
package import NIOCore
import Synchronization

/// The data path of one event loop: its view of the routing snapshot, and its own connections to the instances. Confined to
/// the loop; a call whose route is known meets no lock, task or other loop.
package final class LoopRouter {
    package let eventLoop: any EventLoop
    package let configuration: RouterConfiguration
    package let waitingRoom: WaitingRoom
    @exclusivity(unchecked) package private(set) var snapshot = RoutingSnapshot()

    let deadlines: DeadlineWheel
    @exclusivity(unchecked) var retries: RetryBudget
    /// What the loops do together.
    @exclusivity(unchecked) weak var router: Router?
    private let isEnding = Atomic(false)
    /// `nil` for the default, which the path of a call knows by its type.
    private let balancer: (any LoadBalancer)?
    private let endpointConfiguration: EndpointConfiguration
    /// The bounds of calls that end in this process.
    let handlerConfiguration: GRPCConfiguration
    private let logger: Logger
    @exclusivity(unchecked) private var random: FastRandom
    @exclusivity(unchecked) private var links: [InstanceID: InstanceLink] = [:]
    @exclusivity(unchecked) private var services: [ServiceID: LoopService] = [:]
    @exclusivity(unchecked) private var idleCalls: [SplicedCall] = []
    @exclusivity(unchecked) private var isClosed = false

    package init(
        eventLoop: any EventLoop, configuration: RouterConfiguration, balancer: (any LoadBalancer)?,
        endpointConfiguration: EndpointConfiguration, waitingRoom: WaitingRoom, seed: UInt64, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.balancer = balancer
        self.endpointConfiguration = endpointConfiguration
        self.waitingRoom = waitingRoom
        self.logger = logger
        handlerConfiguration = configuration.handlers
        random = FastRandom(seed: seed)
        deadlines = DeadlineWheel(eventLoop: eventLoop)
        retries = RetryBudget(ratio: configuration.retryRatio, burst: configuration.retryBurst)
    }

    // MARK: The table

    /// Takes a newer snapshot.
    package func update(_ snapshot: RoutingSnapshot) {
        guard snapshot.generation > self.snapshot.generation else { return }
        let isSmaller = snapshot.removals != self.snapshot.removals
        self.snapshot = snapshot
        if isSmaller { services = services.filter { snapshot.services[$0.key] != nil } }
    }

    /// Closes the connection to an instance that is gone or about to end; calls on it were ended before or end with it.
    package func forget(_ instance: InstanceID) {
        links.removeValue(forKey: instance)?.endpoint?.close()
    }

    /// Whether the loop is about to end, or has; from anywhere.
    var hasEnded: Bool { isEnding.load(ordering: .acquiring) }

    /// Notes that the loop is about to end; from anywhere.
    func willEnd() { isEnding.store(true, ordering: .releasing) }

    /// Closes all connections.
    package func close() {
        for link in links.values { link.endpoint?.close() }
        links = [:]
        services = [:]
        // They refer to this object.
        isClosed = true
        idleCalls = []
    }

    /// Where a caller's call goes.
    func destination(
        _ id: ServiceID, _ resource: ResourceID?, for caller: Caller
    ) throws(RPCError) -> CallDestination {
        let route = try snapshot.service(id, for: caller)
        let activation = resource.flatMap { snapshot.activation(of: $0, in: id) }
        return CallDestination(
            service: service(route), resource: resource, activation: activation,
            link: activation.map { link(to: $0.instance) })
    }

    private func service(_ route: ServiceRoute) -> LoopService {
        if let known = services[route.id] {
            known.update(route)
            return known
        }
        let made = LoopService(route, at: .now())
        services[route.id] = made
        return made
    }

    /// This loop's link to an instance.
    func link(to instance: InstanceRoute) -> InstanceLink {
        if let known = links[instance.id] { return known }
        let endpoint: HTTP2Endpoint? =
            switch instance.place {
            case .address(let address):
                HTTP2Endpoint(
                    address: address, eventLoop: eventLoop, configuration: endpointConfiguration, logger: logger)
            case .inProcess: nil
            }
        let made = InstanceLink(instance, endpoint: endpoint)
        links[instance.id] = made
        return made
    }

    /// This loop's way to an instance; `nil` where that is in this process.
    package func endpoint(for instance: InstanceRoute) -> HTTP2Endpoint? { link(to: instance).endpoint }

    /// What was counted of a service since the last time.
    func takeLoad(of service: ServiceID) -> LoadCounter.Taken? {
        services[service]?.load.take(at: .now())
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
        if route.refusal == nil, let destination = try? route.lookUp(in: self),
            let handler = handler(of: destination.service.route, for: caller)
        {
            return GRPCServerCall.serve(
                stream, head: head, endStream: endStream, handler: handler,
                origin: .caller(environment: caller.environment), configuration: handlerConfiguration)
        }
        let call = idleCalls.popLast() ?? SplicedCall(router: self)
        call.begin(stream, route, endStream: endStream)
        return call
    }

    /// Who answers the calls of a service that end in this process; `nil` where they go on to an instance's address.
    private func handler(of route: ServiceRoute, for caller: Caller) -> (any RPCHandler)? {
        switch route.target {
        case .inProcess(let handler): handler
        case .instances: route.isInProcess ? RoutedHandler(transport: RouterTransport(self, caller: caller)) : nil
        }
    }

    /// Picks the instance of an ordinary call and enters its gate; `nil` where none takes calls at this moment.
    func pick(_ service: LoopService, leavingOut tried: [InstanceID]) -> InstanceLink? {
        let index =
            if let balancer {
                service.route.pick(balancer, random: &random, leavingOut: tried)
            } else {
                service.route.pick(PowerOfTwoChoices(), random: &random, leavingOut: tried)
            }
        return index.map { service.link(at: $0, link(to:)) }
    }

    /// As ``pick(_:leavingOut:)``, for a call that names a resource of a service without activations.
    func pick(
        _ service: LoopService, _ resource: ResourceID, _ placement: any ResourcePlacement,
        leavingOut tried: [InstanceID]
    ) -> InstanceLink? {
        service.route.pick(resource, placement, leavingOut: tried).map { service.link(at: $0, link(to:)) }
    }

    /// A fresh `lever-call-id`: 60 random bits, as many as a text holds without a memory of its own.
    func makeCallID() -> String {
        var bits = random.next()
        return String(unsafeUninitializedCapacity: 15) { digits in
            for index in 0..<15 {
                let digit = UInt8(bits & 15)
                digits[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                bits >>= 4
            }
            return 15
        }
    }

    /// Keeps a call's object for a later call; `false` where there are enough.
    func recycle(_ call: SplicedCall) -> Bool {
        guard idleCalls.count < 1_024, !isClosed else { return false }
        idleCalls.append(call)
        return true
    }

    // MARK: Calls inside instances

    /// Ends the calls inside an instance, or inside one activation there, that came over this loop.
    func end(_ kind: CallKind, of instance: InstanceRoute, _ activation: ActivationRoute?, with error: RPCError) {
        guard let link = links[instance.id] else { return }
        for call in link.calls(kind, in: activation) where call.link === link { call.end(with: error) }
    }

    /// Whether a call with this `lever-call-id` came over this loop and is inside the activation.
    func holds(_ callID: String, in activation: ActivationRoute) -> Bool {
        links[activation.instance.id]?.holds(callID, in: activation) ?? false
    }

    /// Asks the other loops which of them has such a call; `found` is called on this loop if one has.
    func askOthers(whoHolds callID: String, in activation: ActivationRoute, found: @escaping () -> Void) {
        let found = NIOLoopBound(found, eventLoop: eventLoop)
        router?.ask(whoHolds: callID, in: activation, for: eventLoop) { found.value() }
    }
}
