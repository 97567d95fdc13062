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
    struct BoundRouter: Sendable {
        let eventLoop: any EventLoop
        let router: NIOLoopBound<LoopRouter>

        func execute(_ body: @escaping @Sendable (LoopRouter) -> Void) {
            eventLoop.execute { body(router.value) }
        }
    }

    package let waitingRoom: WaitingRoom
    private let starter = Starter()
    let loops: [ObjectIdentifier: BoundRouter]
    let eventLoops: [any EventLoop]
    private let current = Mutex(RoutingSnapshot())

    /// Makes the routers of a group's event loops.
    package init(
        group: any EventLoopGroup, configuration: RouterConfiguration, balancer: any LoadBalancer = PowerOfTwoChoices(),
        endpoints: EndpointConfiguration = .defaults, logger: Logger
    ) async throws {
        let waitingRoom = WaitingRoom(configuration: configuration.waiting, starter: starter)
        self.waitingRoom = waitingRoom
        let eventLoops = Array(group.makeIterator())
        var loops: [ObjectIdentifier: BoundRouter] = [:]
        for eventLoop in eventLoops {
            let seed = UInt64.random(in: .min ... .max)
            let router = try await eventLoop.submit {
                NIOLoopBound(
                    LoopRouter(
                        eventLoop: eventLoop, configuration: configuration, balancer: balancer,
                        endpointConfiguration: endpoints, waitingRoom: waitingRoom, seed: seed, logger: logger),
                    eventLoop: eventLoop)
            }.get()
            loops[ObjectIdentifier(eventLoop)] = BoundRouter(eventLoop: eventLoop, router: router)
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
            for bound in loops.values { bound.execute { $0.update(snapshot) } }
        }
    }

    /// The table as it stands.
    package var snapshot: RoutingSnapshot { current.withLock { $0 } }

    /// Closes all connections to an instance.
    package func forget(_ instance: InstanceID) {
        for bound in loops.values { bound.execute { $0.forget(instance) } }
    }

    /// Closes all connections to instances.
    package func close() {
        for bound in loops.values { bound.execute { $0.close() } }
    }

    /// Makes calls from one of the loops.
    package func transport(caller: Caller) async throws -> RouterTransport {
        let eventLoop = eventLoops.randomElement()!
        return try await eventLoop.submit { RouterTransport(self.onLoop(eventLoop), caller: caller) }.get()
    }
}
