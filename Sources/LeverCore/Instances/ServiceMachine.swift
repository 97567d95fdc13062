/// All that is decided about one service: ``ServiceController`` decides about its instances, ``ResourceDirectory`` about its
/// resources, and this value tells each what it has to know of the other.
///
/// A value without clock, tasks and I/O, like its parts. The shell feeds it events one after the other and carries out the
/// actions, in their order; what a part asks of the other never leaves it.
///
/// | what happened to | is told to the other as |
/// |---|---|
/// | an instance that became ready, drains, drains no more, or is dead | `instanceReady`, `instanceDraining`, `instanceUndrained`, `instanceDied` |
/// | a version that became live | `versionLive` |
/// | a resource that finds no instance | `callsWaiting` |
/// | an instance that does not let go of a resource | `condemn` |
/// | an instance whose gate is empty and that holds no resource any more | `drained` |
public struct ServiceMachine: Sendable {
    /// What happened.
    public enum Event: Sendable {
        /// To instances or versions. ``ServiceController/Event/drained(_:)`` is not sent by shells: see
        /// ``gateDrained(_:)``.
        case instances(ServiceController.Event)
        /// To resources.
        case resources(ResourceDirectory.Event)
        /// The gate of a draining instance is closed and nobody is inside. To be sent again after ``Action/askGate(_:)``, and now
        /// and then while an instance drains.
        case gateDrained(InstanceID)
    }

    /// What is to be done.
    public enum Action: Sendable, Equatable {
        /// About instances or versions.
        case instances(ServiceController.Action)
        /// About resources; ``ResourceDirectory/Action/needInstance`` and ``ResourceDirectory/Action/emptied(_:)`` do not
        /// come, and of ``ResourceDirectory/Action/drainInstanceAndKill(_:why:)`` only the text is news.
        case resources(ResourceDirectory.Action)
        /// Nothing but calls keeps the instance any more: send ``Event/gateDrained(_:)`` as soon as nobody is inside.
        case askGate(InstanceID)
    }

    /// The instances and versions.
    public private(set) var instances: ServiceController
    /// The resources.
    public private(set) var resources: ResourceDirectory

    /// How long calls go on to where the resources of an instance are that leaves for want of calls: it has all the time that
    /// its calls need.
    private static let unlimited = Duration.seconds(365 * 86_400)

    /// Puts together the parts of a service of which nothing runs.
    public init(instances: ServiceController, resources: ResourceDirectory) {
        self.instances = instances
        self.resources = resources
    }

    /// Takes an event; the actions are to be carried out in their order.
    ///
    /// `load` gives the calls in progress of an instance, for ``ResourcePlacement``.
    public mutating func handle(
        _ event: Event, at now: ContinuousClock.Instant, load: (InstanceID) -> Int = { _ in 0 }
    ) -> [Action] {
        var actions: [Action] = []
        var events = [event]
        var next = 0
        // What one part tells the other comes after all that it has decided itself.
        while next < events.count {
            switch events[next] {
            case .instances(let event): handle(event, now, &events, &actions)
            case .resources(let event): handle(event, now, load, &events, &actions)
            case .gateDrained(let id):
                if resources.isEmpty(id) { handle(ServiceController.Event.drained(id), now, &events, &actions) }
            }
            next += 1
        }
        return actions
    }

    // MARK: Instances

    private mutating func handle(
        _ event: ServiceController.Event, _ now: ContinuousClock.Instant, _ events: inout [Event],
        _ actions: inout [Action]
    ) {
        if case .shutdown = event {
            // Resources are to be given up, not moved, when their instances drain.
            events.append(.resources(.shutdown))
        }
        for action in instances.handle(event, at: now) {
            actions.append(.instances(action))
            switch action {
            case .drain(let id):
                let mayReturn = instance(id)?.mayReturn ?? false
                let window = mayReturn ? Self.unlimited : resources.configuration.moveWindow
                events.append(.resources(.instanceDraining(id, window: window)))
            case .kill(let id), .terminate(let id):
                // Nothing is placed there any more, and what waits is placed elsewhere.
                events.append(.resources(.instanceDraining(id, window: .zero)))
            case .undrain(let id): events.append(.resources(.instanceUndrained(id)))
            case .failWaiting(let error): events.append(.resources(.startFailed(error)))
            case .deployed(let version, _):
                if resources.liveVersion != version { events.append(.resources(.versionLive(version))) }
            default: break
            }
        }
        switch event {
        case .ready(let id, _), .adopted(let id):
            if let instance = instance(id), instance.state == .ready {
                events.append(.resources(.instanceReady(id, version: instance.version)))
            }
        case .exited(let id, let how): events.append(.resources(.instanceDied(id, how: how)))
        default: break
        }
    }

    private func instance(_ id: InstanceID) -> ServiceController.Instance? {
        instances.instances.first { $0.id == id }
    }

    // MARK: Resources

    private mutating func handle(
        _ event: ResourceDirectory.Event, _ now: ContinuousClock.Instant, _ load: (InstanceID) -> Int,
        _ events: inout [Event], _ actions: inout [Action]
    ) {
        // One that does not answer is the last to get another resource.
        let silent = Set(instances.instances.lazy.filter { !$0.isResponsive }.map(\.id))
        for action in resources.handle(event, at: now, load: { silent.contains($0) ? Int.max / 2 : load($0) }) {
            switch action {
            case .needInstance: events.append(.instances(.callsWaiting))
            case .emptied(let id): actions.append(.askGate(id))
            case .drainInstanceAndKill(let id, _):
                actions.append(.resources(action))
                events.append(.instances(.condemn(id)))
            default: actions.append(.resources(action))
            }
        }
    }
}
