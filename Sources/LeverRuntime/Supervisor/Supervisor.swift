package import LeverCore
import LeverRouter
import Synchronization

/// The supervisors of all services of a host: makes them, runs them, and tells them of calls that wait.
///
/// Life cycle: made, then ``run()`` once; it returns after ``shutdown()``, when nothing runs any more.
package final class Supervisor: InstanceStarter {
    private struct State {
        var services: [ServiceID: ServiceSupervisor] = [:]
        /// Deployments under way of each service.
        var deployments: [ServiceID: Int] = [:]
        /// The furthest that any service which was removed had come to: services made later go on there, since one of them may
        /// have the name of that.
        var epochs: EpochGenerator?
        var made = 0
        var isShuttingDown = false
    }

    let context: SupervisorContext
    private let state = Mutex(State())
    private let made: AsyncStream<ServiceSupervisor>
    private let toRun: AsyncStream<ServiceSupervisor>.Continuation

    package init(context: SupervisorContext) {
        self.context = context
        (made, toRun) = AsyncStream.makeStream()
        context.router.setStarter(self)
    }

    /// Runs the services until ``shutdown()`` has come to its end. Cancelling kills what runs.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await service in made {
                group.addTask { await service.run() }
            }
        }
    }

    /// Takes the services that the catalog knows, each with its live version: calls to them find them from now on.
    package func add(_ services: [(id: ServiceID, live: RunnableVersion)]) {
        for service in services { _ = supervisor(of: service.id, live: service.live) }
        context.router.update { snapshot in
            for service in services {
                snapshot.set(
                    ServiceRoute(
                        id: service.id, isPrivate: service.live.manifest.isPrivate, target: .instances([])))
            }
        }
    }

    /// Takes a service that is in this process; `false` where the host shuts down. Its name must be no other service's.
    func add(_ id: ServiceID, _ manifest: Manifest, _ driver: HandlerDriver) -> Bool {
        var context = context
        context.driver = driver
        context.isInProcess = true
        context.gateway = { _ in nil }
        context.makePolicy = { _ in OneInstance() }
        let version = RunnableVersion(number: 1, manifest: manifest, codeDirectory: "")
        guard let made = supervisor(of: id, live: version, context: context) else { return false }
        context.router.update {
            $0.set(ServiceRoute(id: id, isPrivate: manifest.isPrivate, target: .instances([]), isInProcess: true))
        }
        // It is there when the first call comes.
        made.callsWait(for: nil)
        return true
    }

    /// Returns once whoever calls finds what was added before.
    func settle() async { await context.router.settle() }

    /// Lets a version take over; returns once it is live.
    ///
    /// - Throws: why it is not; what was live still is.
    package func deploy(
        _ version: RunnableVersion, of service: ServiceID,
        progress: @escaping @Sendable (DeploymentPhase) -> Void = { _ in }
    ) async throws(RPCError) {
        state.withLock { $0.deployments[service, default: 0] += 1 }
        guard let supervisor = supervisor(of: service, live: nil) else {
            deploymentEnded(service)
            throw RPCError(.shuttingDown, "the host is shutting down")
        }
        do {
            try await supervisor.deploy(version, progress: progress)
        } catch {
            deploymentEnded(service)
            await forgetIfNeverLive(supervisor)
            throw error
        }
        deploymentEnded(service)
        await settle()
    }

    private func deploymentEnded(_ service: ServiceID) {
        state.withLock { state in
            let left = state.deployments[service, default: 1] - 1
            state.deployments[service] = left > 0 ? left : nil
        }
    }

    /// After a first deployment that failed there is no service: nothing of it is kept.
    private func forgetIfNeverLive(_ supervisor: ServiceSupervisor) async {
        guard await supervisor.wasNeverLive else { return }
        let isForgotten = state.withLock { state in
            guard state.deployments[supervisor.service] == nil, state.services[supervisor.service] === supervisor else {
                return false
            }
            state.services[supervisor.service] = nil
            return true
        }
        if isForgotten { supervisor.shutdown() }
    }

    /// Ends all services: calls in progress get their time, and then ``run()`` returns.
    package func shutdown() {
        let services = state.withLock { state in
            state.isShuttingDown = true
            return Array(state.services.values)
        }
        toRun.finish()
        for service in services { service.shutdown() }
    }

    /// Ends a service and forgets it: calls in progress get their time, instances end, and calls to it are refused from the
    /// first moment on. Returns once nothing of it runs any more.
    ///
    /// - Throws: `RPCError` `noService`.
    package func remove(_ service: ServiceID) async throws(RPCError) {
        guard let supervisor = known(service) else { throw RPCError(.noService, "there is no service \(service)") }
        context.router.update { $0.remove(service) }
        let epochs = await supervisor.end()
        // What was published just before it heard of its end is taken out again.
        context.router.update { $0.remove(service) }
        state.withLock { state in
            guard state.services[service] === supervisor else { return }
            state.services[service] = nil
            if epochs.remaining < state.epochs?.remaining ?? .max { state.epochs = epochs }
        }
        context.events.append(.serviceRemoved, service, "its instances have ended")
    }

    package func callsWait(for service: ServiceID, resource: ResourceID?) {
        if let supervisor = known(service) {
            supervisor.callsWait(for: resource)
        } else {
            context.router.waitingRoom.releaseAll(
                service, failing: RPCError(.noService, "there is no service \(service) any more"))
        }
    }

    func known(_ service: ServiceID) -> ServiceSupervisor? { state.withLock { $0.services[service] } }

    func known() -> [ServiceSupervisor] { state.withLock { Array($0.services.values) } }

    private func supervisor(
        of service: ServiceID, live: RunnableVersion?, context: SupervisorContext? = nil
    ) -> ServiceSupervisor? {
        state.withLock { state in
            if let known = state.services[service] { return known }
            guard !state.isShuttingDown else { return nil }
            state.made += 1
            let made = ServiceSupervisor(
                service, live: live, number: state.made,
                epochs: state.epochs ?? EpochGenerator(term: self.context.term),
                context: context ?? self.context)
            // After the end of the run nothing is run any more.
            if case .terminated = toRun.yield(made) { return nil }
            state.services[service] = made
            return made
        }
    }
}
