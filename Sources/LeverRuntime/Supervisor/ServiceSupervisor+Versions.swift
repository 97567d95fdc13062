package import LeverCore
import LeverRouter
import Logging

// Versions: how one takes over.
extension ServiceSupervisor {
    /// Lets an uploaded version take over; returns once it is live and recorded.
    ///
    /// - Throws: why it is not; what was live still is.
    package nonisolated func deploy(
        _ version: RunnableVersion, progress: @escaping @Sendable (DeploymentPhase) -> Void = { _ in }
    ) async throws(RPCError) {
        try await takeOver(version, newest: nil, progress)
    }

    /// Lets a version that was live before take over again; `newest` is the highest version number there is.
    ///
    /// - Throws: why it is not; what was live still is.
    package nonisolated func rollback(
        _ version: RunnableVersion, newest: Int, progress: @escaping @Sendable (DeploymentPhase) -> Void = { _ in }
    ) async throws(RPCError) {
        try await takeOver(version, newest: newest, progress)
    }

    private nonisolated func takeOver(
        _ version: RunnableVersion, newest: Int?, _ progress: @escaping @Sendable (DeploymentPhase) -> Void
    ) async throws(RPCError) {
        let result = await withCheckedContinuation { continuation in
            let waiter = Waiter(continuation: continuation, progress: progress)
            if case .terminated = input.yield(.takeOver(version, newest: newest, waiter)) {
                continuation.resume(returning: .failure(stoppedError))
            }
        }
        try result.get()
    }

    func takeOver(_ version: RunnableVersion, newest: Int?, _ waiter: Waiter) {
        versions[version.number] = version
        requests += 1
        waiters[requests] = waiter
        note(.deploymentStarted, "version \(version.number)")
        let candidate = Self.candidate(version, service, context)
        waiter.progress(.starting)
        if let newest {
            handle(ServiceController.Event.rollback(candidate, newest: newest, request: requests))
        } else {
            handle(ServiceController.Event.deploy(candidate, request: requests))
        }
    }

    func commit(_ version: Int) {
        for waiter in waiters.values where controller.deployingVersion == version { waiter.progress(.ready) }
        run { [context, service, input] in
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

    func deployed(_ version: Int, _ request: Int) {
        note(.deploymentLive, "version \(version)")
        keepSpares()
        waiters.removeValue(forKey: request)?.continuation.resume(returning: .success(()))
        // The load of another version says little about this one's.
        policy = context.makePolicy(service)
    }

    func deploymentFailed(_ version: Int, _ request: Int, _ error: RPCError) {
        note(.deploymentFailed, "version \(version): \(error.message)")
        waiters.removeValue(forKey: request)?.continuation.resume(returning: .failure(error))
    }

    func forgetVersions() {
        var needed = Set(controller.instances.map(\.version))
        if let live = controller.liveVersion { needed.insert(live) }
        if let next = controller.deployingVersion { needed.insert(next) }
        // A wish may wait for a commit that is under way: while anybody waits, all are kept.
        guard waiters.isEmpty else { return }
        versions = versions.filter { needed.contains($0.key) }
    }

    static func candidate(
        _ version: RunnableVersion, _ service: ServiceID, _ context: SupervisorContext
    ) -> ServiceController.Candidate {
        let manifest = version.manifest
        let needsPort = context.driver.mayNeedPort(version.specification(InstanceID("none"), of: service))
        return ServiceController.Candidate(
            version: version.number, needsPort: needsPort, minInstances: manifest.minInstances,
            maxInstances: manifest.maxInstances, drainTimeout: manifest.drainTimeout,
            channelDrainTimeout: manifest.channelDrainTimeout)
    }
}
