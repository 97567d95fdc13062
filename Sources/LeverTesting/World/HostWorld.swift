internal import LeverCore

/// All that a host in memory is: the decisions of each service, which are the real ones, and what they are about.
///
/// It carries decisions out as the host's supervisor and router do, at once and in one place, instead of over sockets, processes
/// and event loops. Only touched within ``LeverTestHost/act(_:)``, one thread at a time; what has to happen outside of that is
/// left in ``later(_:)``.
final class HostWorld: @unchecked Sendable {
    /// What the supervisor of a service hears.
    enum Input {
        case machine(ServiceMachine.Event)
        case gateDrained(InstanceID)
        case callsWait
        case resourceCallsWait(ResourceID)
    }

    let configuration: LeverTestHost.Configuration
    let clock: TestClock
    let witness: ActivationWitness
    weak var host: LeverTestHost?
    var random: FastRandom
    /// In the order in which they came.
    var services: [WorldService] = []
    /// What a service that was removed and comes back goes on with.
    var removedEpochs: [ServiceID: EpochGenerator] = [:]
    var removedVersions: [ServiceID: Int] = [:]
    var serviceCount = 0
    var calls: [Int: WorldCall] = [:]
    var callCount = 0
    var hookCount = 0
    var events: [LeverTestHost.Event] = []
    var hasEnded = false
    /// Dead instances whose tasks stand still; they are let go once the host ends.
    var graveyard: [WorldInstance] = []
    private var inputs: [(service: WorldService, input: Input)] = []
    private var left: [@Sendable () -> Void] = []

    init(_ configuration: LeverTestHost.Configuration, clock: TestClock, witness: ActivationWitness) {
        self.configuration = configuration
        self.clock = clock
        self.witness = witness
        random = FastRandom(seed: configuration.seed)
    }

    var now: ContinuousClock.Instant { clock.now }

    // MARK: Doing things in order

    /// Tells the supervisor of a service something, which hears it after all that it was told before.
    func tell(_ service: WorldService, _ input: Input) {
        inputs.append((service, input))
    }

    func tell(_ service: WorldService, _ event: ServiceController.Event) {
        tell(service, .machine(.instances(event)))
    }

    func tell(_ service: WorldService, _ event: ResourceDirectory.Event) {
        tell(service, .machine(.resources(event)))
    }

    /// Lets the supervisors hear all that they were told.
    func hearAll() {
        var next = 0
        while next < inputs.count {
            let (service, input) = inputs[next]
            next += 1
            if services.contains(where: { $0 === service }) { take(input, service) }
        }
        inputs = []
    }

    /// Has something done once nobody touches the world: what may call back into it.
    func later(_ action: @escaping @Sendable () -> Void) {
        left.append(action)
    }

    func takeLeft() -> [@Sendable () -> Void] {
        defer { left = [] }
        return left
    }

    /// Has something done at a virtual time; the number unschedules it.
    func schedule(at time: ContinuousClock.Instant, _ body: @escaping @Sendable (HostWorld) -> Void) -> Int {
        clock.schedule(at: time) { [weak host] in host?.act(body) }
    }

    func note(_ kind: LeverTestHost.Event.Kind, _ service: WorldService, _ instance: InstanceID?, _ message: String) {
        events.append(
            LeverTestHost.Event(
                time: clock.elapsed, kind: kind, service: service.id, instance: instance, message: message))
        if events.count > configuration.maximumEvents { events.removeFirst(events.count / 2) }
    }

    // MARK: Finding things

    /// The service of a name, with or without its environment.
    func service(_ name: String) -> WorldService? {
        services.first { $0.id.description == name }
            ?? services.first { $0.id.environment == .default && $0.id.service.rawValue == name }
    }

    func instance(_ id: InstanceID) -> WorldInstance? {
        for service in services {
            if let instance = service.instances[id] { return instance }
        }
        return nil
    }

    func makeService(_ id: ServiceID) -> WorldService {
        serviceCount += 1
        let machine = ServiceMachine(
            instances: ServiceController(
                service: id, live: nil, idPrefix: "\(id.service.rawValue)-\(serviceCount)",
                configuration: configuration.life),
            resources: ResourceDirectory(
                service: id, liveVersion: nil, epochs: removedEpochs[id] ?? EpochGenerator(term: 1),
                placement: configuration.placement, configuration: configuration.resources))
        let service = WorldService(id, machine: machine, policy: configuration.makePolicy(id), at: now)
        service.newestVersion = removedVersions[id] ?? 0
        service.lastLook = now - configuration.scalingInterval
        services.append(service)
        return service
    }
}
