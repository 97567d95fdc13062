package import LeverCore
import LeverRouter
import LeverTransport
import Logging
import NIOCore
import Synchronization

/// Carries out what is decided for one service: a `ServiceMachine` decides about its instances and resources, a `ScalingPolicy`
/// about how many instances there are.
///
/// Life cycle: made, then ``run()`` once, for as long as the service exists. Events come in through a stream and are
/// handled one after the other; what takes time runs beside, in child tasks that report back through the same stream. Parts:
/// instances in `+Instances`, those made ahead in `+Spares`, versions in `+Versions`, resources in `+Resources`, the autoscaler in `+Scaling`, what the
/// administration looks at and asks for in `+Administration`.
package actor ServiceSupervisor {
    enum Input: Sendable {
        case event(ServiceController.Event)
        case resource(ResourceDirectory.Event)
        /// The gate of a draining instance was closed and empty.
        case gateDrained(InstanceID)
        case ready(InstanceRun.Ready)
        case takeOver(RunnableVersion, newest: Int?, Waiter)
        /// Calls wait for resources; which, `waitingResources` says.
        case resourceCallsWait
        /// It is time to look at the load, and at what is idle.
        case look
        case load(ServiceLoad)
        /// A spare could not be made, or has ended.
        case spareEnded(InstanceID, how: String)
        /// The actor has put jobs where the loop finds them.
        case jobs
    }

    /// Who waits for a deployment.
    struct Waiter: Sendable {
        let continuation: CheckedContinuation<Result<Void, RPCError>, Never>
        let progress: @Sendable (DeploymentPhase) -> Void
    }

    struct Instance {
        let run: InstanceRun
        let started: ContinuousClock.Instant
        var route: InstanceRoute?
        /// The parts of its start, once it is ready.
        var phases: [StartPhase] = []
    }

    package nonisolated let service: ServiceID
    nonisolated let context: SupervisorContext
    let logger: Logger
    let timers: any EventLoop
    private nonisolated let inputs: AsyncStream<Input>
    nonisolated let input: AsyncStream<Input>.Continuation
    /// Set while the word that calls wait is on its way: one is enough for all of them.
    private nonisolated let callsWaitIsQueued = Atomic(false)
    /// The resources for which the word is on its way.
    private nonisolated let waitingResources = Mutex<Set<ResourceID>>([])

    private var machine: ServiceMachine
    var controller: ServiceController { machine.instances }
    var directory: ResourceDirectory { machine.resources }
    var versions: [Int: RunnableVersion] = [:]
    var instances: [InstanceID: Instance] = [:]
    var spares: [InstanceID: Spare] = [:]
    var waiters: [Int: Waiter] = [:]
    var requests = 0
    /// `host:port` of the environment's internal gateway; known once an instance is ready.
    var gateway: String?

    var activations: [ResourceID: ActivationRoute] = [:]
    /// Who waits for the end of a move.
    var moves: [ResourceID: [CheckedContinuation<Result<Activation, RPCError>, Never>]] = [:]
    var lastIdleLook: ContinuousClock.Instant
    /// Resources that were idle when they were last looked at, and are not asked for yet.
    var idleRoutes: [InstanceID: [ActivationRoute]] = [:]

    var policy: any ScalingPolicy
    /// Bounds that an administrator has set in place of the manifest's.
    var ownBounds: ScalingBounds?
    var lookTimer: Scheduled<Void>?
    var isLooking = false
    var lastLook: ContinuousClock.Instant

    private var wake: Scheduled<Void>?
    private var resourceWake: Scheduled<Void>?
    private(set) var hasStopped = false
    /// Whether the service was removed: it is not published any more.
    private(set) var isRemoved = false
    private var jobs: [@Sendable () async -> Void] = []
    private var ended: [CheckedContinuation<Void, Never>] = []

    /// Makes the supervisor of a service; `live` is the version that calls go to, `number` differs for each service of
    /// the host, `epochs` goes on where an earlier service of this name ended.
    package init(
        _ service: ServiceID, live: RunnableVersion?, number: Int, epochs: EpochGenerator, context: SupervisorContext
    ) {
        self.service = service
        self.context = context
        timers = context.eventLoopGroup.next()
        (inputs, input) = AsyncStream.makeStream()
        let name = String(
            service.service.rawValue.unicodeScalars.lazy.filter { $0.isASCII && $0.properties.isAlphabetic }
                .prefix(16).map(Character.init))
        machine = ServiceMachine(
            instances: ServiceController(
                service: service, live: live.map { Self.candidate($0, service, context) },
                idPrefix: "\(name.isEmpty ? "service" : name)-\(context.run)-\(number)",
                configuration: context.bounds.life),
            resources: ResourceDirectory(
                service: service, liveVersion: live?.number, epochs: epochs, placement: context.placement,
                configuration: context.bounds.resources))
        policy = context.makePolicy(service)
        lastIdleLook = .now
        lastLook = .now - context.bounds.scalingInterval
        var logger = context.logger
        logger[metadataKey: "lever.service"] = "\(service)"
        self.logger = logger
        if let live { versions[live.number] = live }
    }

    // MARK: Input, from anywhere

    /// Says that at least one call waits for an instance, or for a resource.
    package nonisolated func callsWait(for resource: ResourceID?) {
        let isFirst: Bool
        if let resource {
            isFirst = waitingResources.withLock { waiting in
                defer { waiting.insert(resource) }
                return waiting.isEmpty
            }
        } else {
            isFirst = !callsWaitIsQueued.exchange(true, ordering: .acquiringAndReleasing)
        }
        guard isFirst else { return }
        if case .terminated = input.yield(resource == nil ? .event(.callsWaiting) : .resourceCallsWait) {
            refuseWaitingCalls()
        }
    }

    /// Ends the service: its calls in progress get their time, and then ``run()`` returns.
    package nonisolated func shutdown() {
        input.yield(.event(.shutdown))
    }

    /// Ends the service and returns once nothing of it runs any more; gives the epochs that a later one of this name goes on
    /// with.
    package func end() async -> EpochGenerator {
        isRemoved = true
        if !hasStopped {
            shutdown()
            await withCheckedContinuation { ended.append($0) }
        }
        return directory.epochs
    }

    /// Nothing of the service runs any more, and nothing will.
    private nonisolated func refuseWaitingCalls() {
        // First the flags, so that a call that begins to wait now is refused by its own word.
        callsWaitIsQueued.store(false, ordering: .releasing)
        waitingResources.withLock { $0 = [] }
        context.router.waitingRoom.releaseAll(service, failing: stoppedError)
    }

    nonisolated var stoppedError: RPCError {
        RPCError(.shuttingDown, "service \(service) is being stopped")
    }

    // MARK: The loop

    /// Runs the service until ``shutdown()`` has come to its end. Cancelling kills what runs.
    package func run() async {
        if let live = controller.liveVersion, versions[live]?.manifest.minInstances ?? 0 > 0 { lookSoon() }
        keepSpares()
        await withDiscardingTaskGroup { group in
            for await next in inputs {
                take(next)
                for job in jobs { group.addTask(operation: job) }
                jobs = []
                if hasStopped { break }
            }
        }
        hasStopped = true
        dropSpares()
        wake?.cancel()
        resourceWake?.cancel()
        lookTimer?.cancel()
        input.finish()
        for await left in inputs {
            if case .takeOver(_, _, let waiter) = left { waiter.continuation.resume(returning: .failure(stoppedError)) }
        }
        refuseWaitingCalls()
        for waiter in waiters.values { waiter.continuation.resume(returning: .failure(stoppedError)) }
        waiters = [:]
        for waiting in moves.values.joined() { waiting.resume(returning: .failure(stoppedError)) }
        moves = [:]
        for waiting in ended { waiting.resume() }
        ended = []
    }

    private func take(_ next: Input) {
        switch next {
        case .event(let event):
            if case .callsWaiting = event {
                callsWaitIsQueued.store(false, ordering: .releasing)
                // The policy hears at once of calls that find no instance.
                if controller.readyInstances.isEmpty { lookNow() }
            }
            handle(event)
        case .resource(let event):
            handle(event)
        case .gateDrained(let id):
            gateDrained(id)
        case .ready(let ready):
            let id = ready.route.id
            instances[id]?.route = ready.route
            instances[id]?.phases = ready.phases
            gateway = ready.gateway
            handle(.ready(id, holdsPort: ready.holdsPort))
            becameReady(id)
            keepSpares()
        case .spareEnded(let id, let how):
            spareEnded(id, how)
        case .takeOver(let version, let newest, let waiter):
            takeOver(version, newest: newest, waiter)
        case .resourceCallsWait:
            let waiting = waitingResources.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for resource in waiting { handle(.callsWaiting(resource)) }
        case .look:
            look()
            keepSpares()
        case .load(let load):
            scale(load)
        case .jobs:
            break
        }
    }

    // MARK: Decisions

    func handle(_ event: ServiceController.Event) {
        handle(.instances(event))
        if case .exited(let id, let how) = event { forget(id, how) }
    }

    func handle(_ event: ResourceDirectory.Event) { handle(.resources(event)) }

    func handle(_ event: ServiceMachine.Event) {
        let actions = machine.handle(event, at: .now) { instances[$0]?.route?.gate.inFlight ?? 0 }
        for action in actions {
            switch action {
            case .instances(let action): carryOut(action)
            case .resources(let action): carryOut(action)
            case .askGate(let id): askGate(id)
            }
        }
    }

    // MARK: Jobs and timers

    /// Has something done beside; it reports back through the input.
    func run(_ job: @escaping @Sendable () async -> Void) {
        // Most often the loop is at work and starts it next; asked for from outside, the loop has to be told.
        if jobs.isEmpty { input.yield(.jobs) }
        jobs.append(job)
    }

    func stop() { hasStopped = true }

    func setWake(_ time: ContinuousClock.Instant) {
        wake?.cancel()
        wake = timers.scheduleTask(in: TimeAmount(time - .now)) { [input] in _ = input.yield(.event(.timer)) }
    }

    func setResourceWake(_ time: ContinuousClock.Instant) {
        resourceWake?.cancel()
        resourceWake = timers.scheduleTask(in: TimeAmount(time - .now)) { [input] in _ = input.yield(.resource(.timer))
        }
    }
}
