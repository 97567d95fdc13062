package import LeverCore
package import LeverTransport
package import Logging
package import NIOCore
import Synchronization

/// The data path: one ``LoopRouter`` for each event loop, and the snapshot that all of them read.
package final class Router: Sendable {
    /// Who is told when calls wait; set before the first call.
    private final class Starter: InstanceStarter {
        let starter = Mutex<(any InstanceStarter)?>(nil)

        func callsWait(for service: ServiceID, resource: ResourceID?) {
            starter.withLock { $0 }?.callsWait(for: service, resource: resource)
        }
    }

    /// The router of one loop, reached from anywhere.
    ///
    /// Unchecked: what is confined to the loop goes on being so.
    struct BoundRouter: @unchecked Sendable {
        let eventLoop: any EventLoop
        let router: NIOLoopBound<LoopRouter>
        /// To be handed to what touches it on its loop.
        let unbound: LoopRouter

        func execute(_ body: @escaping @Sendable (LoopRouter) -> Void) {
            eventLoop.execute { body(router.value) }
        }
    }

    package let waitingRoom: WaitingRoom
    private let starter = Starter()
    let loops: [ObjectIdentifier: BoundRouter]
    let eventLoops: [any EventLoop]
    private let current = Mutex(RoutingSnapshot())
    /// ``RoutingSnapshot/servicesHere`` of the current table.
    private let servicesHere = Mutex<[ServiceID: ServiceRoute]>([:])

    /// Makes the routers of a group's event loops.
    package init(
        group: any EventLoopGroup, configuration: RouterConfiguration, balancer: (any LoadBalancer)? = nil,
        endpoints: EndpointConfiguration = .defaults, logger: Logger
    ) async throws {
        let waitingRoom = WaitingRoom(configuration: configuration.waiting, starter: starter)
        self.waitingRoom = waitingRoom
        let eventLoops = Array(group.makeIterator())
        var loops: [ObjectIdentifier: BoundRouter] = [:]
        for eventLoop in eventLoops {
            let seed = UInt64.random(in: .min ... .max)
            loops[ObjectIdentifier(eventLoop)] = try await eventLoop.submit {
                let router = LoopRouter(
                    eventLoop: eventLoop, configuration: configuration, balancer: balancer,
                    endpointConfiguration: endpoints, waitingRoom: waitingRoom, seed: seed, logger: logger)
                return BoundRouter(
                    eventLoop: eventLoop, router: NIOLoopBound(router, eventLoop: eventLoop), unbound: router)
            }.get()
        }
        self.loops = loops
        self.eventLoops = eventLoops
        for bound in loops.values { bound.execute { $0.router = self } }
    }

    /// Says who starts instances.
    package func setStarter(_ starter: any InstanceStarter) {
        self.starter.starter.withLock { $0 = starter }
    }

    /// The router of an event loop of the group; call it on that loop.
    package func onLoop(_ eventLoop: any EventLoop) -> LoopRouter {
        guard let bound = loops[ObjectIdentifier(eventLoop)] else {
            preconditionFailure("the event loop belongs to another group than the router's")
        }
        return bound.router.value
    }

    /// Changes the table and hands the new snapshot to all loops. What is executed on a loop afterwards sees it.
    package func update(_ change: (inout RoutingSnapshot) -> Void) {
        current.withLock { current in
            change(&current)
            current.generation += 1
            let snapshot = current
            servicesHere.withLock { $0 = snapshot.servicesHere }
            for bound in loops.values { bound.execute { $0.update(snapshot) } }
        }
    }

    /// Returns once all loops have the table as it stands now. A loop looks at its sockets before it does what it was handed, so
    /// that a call over the network may meet the table of before until then.
    package func settle() async {
        for eventLoop in eventLoops { try? await eventLoop.submit {}.get() }
    }

    /// The table as it stands.
    package var snapshot: RoutingSnapshot { current.withLock { $0 } }

    /// Closes all connections to an instance.
    package func forget(_ instance: InstanceID) {
        for bound in loops.values { bound.execute { $0.forget(instance) } }
    }

    /// Closes all connections to instances.
    package func close() {
        for bound in loops.values {
            bound.execute { $0.close() }
            bound.unbound.willEnd()
        }
    }

    /// Makes calls from one of the loops.
    package func transport(caller: Caller) async throws -> RouterTransport {
        let eventLoop = eventLoops.randomElement()!
        return try await eventLoop.submit { RouterTransport(self.onLoop(eventLoop), caller: caller) }.get()
    }

    /// Makes calls from anywhere: those that end in this process without a hop, the others from each loop in turn.
    package func client(caller: Caller) -> RouterClient {
        RouterClient(self, loops.values.map { RouterTransport($0.unbound, caller: caller) }, caller: caller)
    }

    /// The handler of a service whose calls end in this process, and the instance that was entered for one, to be left after it;
    /// `nil` where there is none at this moment.
    ///
    /// - Throws: `RPCError` where the caller may not call the service.
    func enterHandler(
        of service: ServiceID, for caller: Caller
    ) throws(RPCError) -> (handler: any RPCHandler, instance: InstanceRoute?)? {
        guard let route = servicesHere.withLock({ $0[service] }) else { return nil }
        try route.checkIsVisible(to: caller)
        if case .inProcess(let handler) = route.target { return (handler, nil) }
        for instance in route.instances {
            guard case .inProcess(let handler) = instance.place, instance.gate.enter() else { continue }
            return (handler, instance)
        }
        return nil
    }
}
