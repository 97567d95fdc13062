package import LeverCore
import LeverRouter
import LeverTransport
import Logging
import NIOCore
import Synchronization

/// Carries out what one service's ``ServiceController`` decides.
///
/// Life cycle: made, then ``run()`` once, for as long as the service exists. Events come in through a stream and are
/// handled one after the other; what takes time runs beside, in child tasks that report back through the same stream.
package actor ServiceSupervisor {
    private enum Input: Sendable {
        case event(ServiceController.Event)
        case ready(InstanceRoute, holdsPort: Bool, gateway: String?)
        case deploy(RunnableVersion, Waiter)
    }

    /// Who waits for a deployment.
    private struct Waiter: Sendable {
        let continuation: CheckedContinuation<Result<Void, RPCError>, Never>
        let progress: @Sendable (DeploymentPhase) -> Void
    }

    private struct Instance {
        let run: InstanceRun
        var route: InstanceRoute?
        var idleCheck: Scheduled<Void>?
    }

    package nonisolated let service: ServiceID
    private nonisolated let context: SupervisorContext
    private let logger: Logger
    private let timers: any EventLoop
    private nonisolated let inputs: AsyncStream<Input>
    private nonisolated let input: AsyncStream<Input>.Continuation
    /// Set while the word that calls wait is on its way: one is enough for all of them.
    private nonisolated let callsWaitIsQueued = Atomic(false)

    private var controller: ServiceController
    private var versions: [Int: RunnableVersion] = [:]
    private var instances: [InstanceID: Instance] = [:]
    private var waiters: [Int: Waiter] = [:]
    /// `host:port` of the environment's internal gateway; known once an instance is ready.
    private var gateway: String?
    private var wake: Scheduled<Void>?
    private var hasStopped = false
    private var jobs: [@Sendable () async -> Void] = []

    /// Makes the supervisor of a service; `live` is the version that calls go to, `number` differs for each service of
    /// the host.
    package init(_ service: ServiceID, live: RunnableVersion?, number: Int, context: SupervisorContext) {
        self.service = service
        self.context = context
        timers = context.eventLoopGroup.next()
        (inputs, input) = AsyncStream.makeStream()
        let name = String(
            service.service.rawValue.unicodeScalars.lazy.filter { $0.isASCII && $0.properties.isAlphabetic }
                .prefix(16).map(Character.init))
        controller = ServiceController(
            service: service, liveVersion: live?.number,
            liveNeedsPort: live.map { Self.needsPort($0, service, context) } ?? false,
            idPrefix: "\(name.isEmpty ? "service" : name)-\(context.run)-\(number)", configuration: context.bounds.life)
        var logger = context.logger
        logger[metadataKey: "lever.service"] = "\(service)"
        self.logger = logger
        if let live { versions[live.number] = live }
    }

    // MARK: Input, from anywhere

    /// Says that at least one call waits for an instance.
    package nonisolated func callsWait() {
        guard !callsWaitIsQueued.exchange(true, ordering: .acquiringAndReleasing) else { return }
        if case .terminated = input.yield(.event(.callsWaiting)) { refuseWaitingCalls() }
    }

    /// Lets a version take over; returns once it is live and recorded.
    ///
    /// - Throws: why it is not; what was live still is.
    package nonisolated func deploy(
        _ version: RunnableVersion, progress: @escaping @Sendable (DeploymentPhase) -> Void = { _ in }
    ) async throws(RPCError) {
        let result = await withCheckedContinuation { continuation in
            let waiter = Waiter(continuation: continuation, progress: progress)
            if case .terminated = input.yield(.deploy(version, waiter)) { continuation.resume(returning: stopped) }
        }
        try result.get()
    }

    /// Ends the service: its calls in progress get their time, and then ``run()`` returns.
    package nonisolated func shutdown() {
        input.yield(.event(.shutdown))
    }

    /// Nothing of the service runs any more, and nothing will.
    private nonisolated func refuseWaitingCalls() {
        // First the flag, so that a call that begins to wait now is refused by its own word.
        callsWaitIsQueued.store(false, ordering: .releasing)
        context.router.waitingRoom.releaseAll(
            service, failing: RPCError(.shuttingDown, "service \(service) is being stopped"))
    }

    private nonisolated var stopped: Result<Void, RPCError> {
        .failure(RPCError(.shuttingDown, "service \(service) is being stopped"))
    }

    // MARK: The loop

    /// Runs the service until ``shutdown()`` has come to its end. Cancelling kills what runs.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await next in inputs {
                take(next)
                for job in jobs { group.addTask(operation: job) }
                jobs = []
                if hasStopped { break }
            }
        }
        wake?.cancel()
        input.finish()
        for await left in inputs {
            if case .deploy(_, let waiter) = left { waiter.continuation.resume(returning: stopped) }
        }
        refuseWaitingCalls()
        for waiter in waiters.values { waiter.continuation.resume(returning: stopped) }
        waiters = [:]
    }

    private func take(_ next: Input) {
        switch next {
        case .event(let event):
            if case .callsWaiting = event { callsWaitIsQueued.store(false, ordering: .releasing) }
            handle(event)
        case .ready(let route, let holdsPort, let gateway):
            instances[route.id]?.route = route
            self.gateway = gateway
            handle(.ready(route.id, holdsPort: holdsPort))
            scheduleIdleCheck(route.id)
        case .deploy(let version, let waiter):
            versions[version.number] = version
            waiters[version.number] = waiter
            handle(.deploy(version: version.number, needsPort: Self.needsPort(version, service, context)))
        }
    }

    private func handle(_ event: ServiceController.Event) {
        // A drain that was taken back may have been reported before: calls are inside again.
        if case .drained(let id) = event, let gate = instances[id]?.route?.gate, gate.inFlight > 0 || !gate.isClosed {
            return
        }
        if case .idle(let id) = event, let route = instances[id]?.route,
            route.idleTime(at: .now()) < context.bounds.life.instanceIdleTimeout
        {
            scheduleIdleCheck(id)
            return
        }
        for action in controller.handle(event, at: .now) { carryOut(action) }
        switch event {
        case .exited(let id, let how):
            log(how, of: id)
            instances.removeValue(forKey: id)?.idleCheck?.cancel()
            forgetVersions()
        case .idle(let id):
            // It was asked too early (its version is being recorded): ask again.
            if controller.instances.contains(where: { $0.id == id && $0.state == .ready }) { scheduleIdleCheck(id) }
        default:
            break
        }
    }

    private func carryOut(_ action: ServiceController.Action) {
        switch action {
        case .start(let id, let version): start(id, version)
        case .startTimedOut(let id): startTimedOut(id)
        case .publish: publish()
        case .drain(let id): drain(id)
        case .undrain(let id):
            instances[id]?.route?.gate.reopen()
            scheduleIdleCheck(id)
        case .terminate(let id):
            instances[id]?.route?.gate.close {}
            instances[id]?.run.handle.terminate(grace: context.bounds.terminationGrace)
        case .failWaiting(let error):
            context.router.waitingRoom.releaseAll(service, failing: error)
        case .commit(let version): commit(version)
        case .deployed(let version):
            logger.info("version is live", metadata: ["lever.version": "\(version)"])
            waiters.removeValue(forKey: version)?.continuation.resume(returning: .success(()))
        case .deploymentFailed(let version, let error):
            logger.notice(
                "deployment failed", metadata: ["lever.version": "\(version)", "lever.error": "\(error.message)"])
            waiters.removeValue(forKey: version)?.continuation.resume(returning: .failure(error))
        case .wake(let time): setWake(time)
        case .stopped: hasStopped = true
        }
    }

    // MARK: Actions

    private func start(_ id: InstanceID, _ number: Int) {
        guard let version = versions[number] else {
            input.yield(.event(.exited(id, how: "the code of version \(number) is not known")))
            return
        }
        waiters[number]?.progress(.starting)
        logger.info("instance starts", metadata: ["lever.instance": "\(id)", "lever.version": "\(number)"])
        let handle = InstanceHandle()
        let run = InstanceRun(
            id: id, service: service, version: version, handle: handle, context: context
        ) { [input] report in
            switch report {
            case .ready(let route, let holdsPort, let gateway):
                input.yield(.ready(route, holdsPort: holdsPort, gateway: gateway))
            case .startFailed(let id, let how): input.yield(.event(.startFailed(id, how: how)))
            case .exited(let id, let how): input.yield(.event(.exited(id, how: how)))
            }
        }
        instances[id] = Instance(run: run)
        jobs.append { await run.run() }
    }

    private func startTimedOut(_ id: InstanceID) {
        let how = "it did not answer within \(context.bounds.life.instanceStartTimeout)"
        let described = instances[id]?.run.withOutput(how) ?? how
        input.yield(.event(.startFailed(id, how: described)))
    }

    private func drain(_ id: InstanceID) {
        guard let route = instances[id]?.route else {
            input.yield(.event(.drained(id)))
            return
        }
        route.gate.close { [input] in input.yield(.event(.drained(id))) }
    }

    private func commit(_ version: Int) {
        waiters[version]?.progress(.ready)
        jobs.append { [context, service, input] in
            do {
                try await context.catalog.setLive(version, of: service)
                input.yield(.event(.committed(version: version)))
            } catch let error as RPCError {
                input.yield(.event(.commitFailed(version: version, error)))
            } catch {
                let failure = RPCError(.defect, "version \(version) of \(service) could not be recorded", cause: error)
                context.logger.error("the catalog failed", metadata: ["lever.error": "\(error)"])
                input.yield(.event(.commitFailed(version: version, failure)))
            }
        }
    }

    private func publish() {
        guard let live = controller.liveVersion, let version = versions[live] else { return }
        let routes = controller.readyInstances.compactMap { instances[$0.id]?.route }
        let route = ServiceRoute(
            id: service, isPrivate: version.manifest.isPrivate, internalGateway: gateway, target: .instances(routes))
        context.router.update { $0.set(route) }
        if !routes.isEmpty { context.router.waitingRoom.releaseAll(service) }
    }

    private func setWake(_ time: ContinuousClock.Instant) {
        wake?.cancel()
        let left = time - .now
        wake = timers.scheduleTask(in: TimeAmount(left)) { [input] in _ = input.yield(.event(.timer)) }
    }

    /// Asks, once that can be the case, whether no call has been in the instance for the idle timeout.
    private func scheduleIdleCheck(_ id: InstanceID) {
        guard let instance = instances[id], let route = instance.route,
            instance.run.version.manifest.minInstances == 0
        else { return }
        instance.idleCheck?.cancel()
        let delay = max(context.bounds.life.instanceIdleTimeout - route.idleTime(at: .now()), .milliseconds(50))
        instances[id]?.idleCheck = timers.scheduleTask(in: TimeAmount(delay)) { [input] in
            _ = input.yield(.event(.idle(id)))
        }
    }

    private func forgetVersions() {
        let needed = Set(controller.instances.map(\.version)).union(waiters.keys).union(
            controller.liveVersion.map { [$0] } ?? [])
        versions = versions.filter { needed.contains($0.key) }
    }

    private func log(_ how: String, of id: InstanceID) {
        logger.info("instance ended", metadata: ["lever.instance": "\(id)", "lever.reason": "\(how.prefix(512))"])
    }

    private static func needsPort(
        _ version: RunnableVersion, _ service: ServiceID, _ context: SupervisorContext
    ) -> Bool {
        context.driver.mayNeedPort(
            InstanceSpecification(
                id: InstanceID("none"), service: service, version: version.number, codeDirectory: version.codeDirectory,
                manifest: version.manifest))
    }
}
