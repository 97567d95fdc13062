package import LeverCore
package import LeverRouter
import LeverTransport
package import Logging
package import NIOCore

/// What the supervisors of all services of a host share.
package struct SupervisorContext: Sendable {
    /// Waits until an instance has exchanged HTTP/2 SETTINGS with the host; throws where it did not answer this time.
    package typealias Probe = @Sendable (InstanceRoute) async throws -> Void

    /// What starts instances.
    package var driver: any ContainerDriver
    /// What remembers which version is live.
    package var catalog: any Catalog
    /// What is told which instances take calls.
    package var router: Router
    /// Asks whether an instance answers.
    package var probe: Probe
    /// Where timers run.
    package var eventLoopGroup: any EventLoopGroup
    /// `host:port` of the internal gateway for an instance.
    package var gateway: @Sendable (InstanceSpecification) async throws -> String?
    /// The bounds of instances' lives.
    package var bounds: SupervisorBounds
    /// The term of this run of the host: what epochs begin with.
    package var term: UInt32
    /// Decides how many instances a service has.
    package var makePolicy: @Sendable (ServiceID) -> any ScalingPolicy
    /// Chooses the instances that resources go to.
    package var placement: any ResourcePlacement
    /// What is told what happens.
    package var events: EventLog
    /// Differs for each run of the host on its data directory; a part of all ids of instances.
    package var run: String
    /// Whether the instances are handlers of this process, which are called without a connection.
    package var isInProcess = false
    /// Where it writes.
    package var logger: Logger

    package init(
        driver: any ContainerDriver, catalog: any Catalog, router: Router, eventLoopGroup: any EventLoopGroup,
        gateway: @escaping @Sendable (InstanceSpecification) async throws -> String?, bounds: SupervisorBounds,
        term: UInt32,
        makePolicy: (@Sendable (ServiceID) -> any ScalingPolicy)? = nil,
        placement: any ResourcePlacement = LeastLoadedPlacement(), events: EventLog = EventLog(), logger: Logger,
        probe: Probe? = nil
    ) {
        self.driver = driver
        self.catalog = catalog
        self.router = router
        self.eventLoopGroup = eventLoopGroup
        self.gateway = gateway
        self.bounds = bounds
        self.term = term
        self.makePolicy = makePolicy ?? { _ in TargetLoadPolicy(configuration: bounds.scaling) }
        self.placement = placement
        self.events = events
        run = "\(term)"
        self.logger = logger
        self.probe = probe ?? Self.probe(over: router, eventLoopGroup)
    }

    /// Probes over one of the router's own connections, which the first calls then find open.
    private static func probe(over router: Router, _ group: any EventLoopGroup) -> Probe {
        { instance in
            let eventLoop = group.next()
            let answered = eventLoop.makePromise(of: Void.self)
            eventLoop.execute {
                guard let endpoint = router.onLoop(eventLoop).endpoint(for: instance) else {
                    return answered.succeed()
                }
                endpoint.probe { answered.completeWith($0.mapError { $0 }) }
            }
            try await answered.futureResult.get()
        }
    }
}

/// The bounds within which instances live.
package struct SupervisorBounds: Sendable {
    /// Start, drain and back-off.
    package var life = ServiceController.Configuration()
    /// Resources.
    package var resources = ResourceDirectory.Configuration()
    /// The default scaling policy.
    package var scaling = TargetLoadPolicy.Configuration()
    /// The time between two looks at a service's load.
    package var scalingInterval: Duration = .seconds(1)
    /// Silence of instances.
    package var liveness = LivenessMonitor.Configuration()
    /// The time between two questions whether a ready instance still answers.
    package var heartbeatInterval: Duration = .seconds(2)
    /// How long an instance may take to end after SIGTERM, before SIGKILL.
    package var terminationGrace: Duration = .seconds(10)
    /// The wait between two questions whether a starting instance answers.
    package var probeInterval: Duration = .milliseconds(5)
    /// How long a driver may take to give a start up, before it is not waited for any more.
    package var startCancellation: Duration = .seconds(5)
    /// How long an instance of an earlier run may take to say what it holds; zero: none is adopted.
    package var adoptionTimeout: Duration = .seconds(3)
    /// How long one that is not adopted may take to be gone once it was killed; then the host does not start.
    package var adoptionKillTimeout: Duration = .seconds(30)
    /// Lines of an instance's output that go into the message about its failure.
    package var outputLines = 20
    /// Bytes of output that go into such a message.
    package var outputBytes = 4096

    package init() {}
}
