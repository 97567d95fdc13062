// How a version takes over.
extension ServiceController {
    mutating func deploy(
        _ version: Int, needsPort: Bool, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard !isShuttingDown else {
            actions.append(.deploymentFailed(version: version, shuttingDownError))
            return
        }
        // The later upload wins, whatever order the two become ready in.
        if let earlier = deployment {
            if case .committing = earlier.phase {
                // Too late to stop it: it becomes live, and this one follows.
                if let waiting = nextDeployment {
                    actions.append(.deploymentFailed(version: waiting.version, supersededError))
                }
                nextDeployment = (version, needsPort)
                return
            }
            failDeployment(earlier, supersededError, &actions)
        }
        deployment = Deployment(version: version, needsPort: needsPort, phase: .freeingPort)
        guard needsPort, instances.contains(where: { $0.holdsPort }) else {
            startDeployment(now, &actions)
            return
        }
        for index in instances.indices where instances[index].holdsPort {
            drain(index, until: now + configuration.drainTimeout, &actions)
        }
        actions.append(.publish)
    }

    /// Starts the new version's instance once nothing stands in its way.
    mutating func startDeployment(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard let deployment else { return }
        let id = start(deployment.version, needsPort: deployment.needsPort, now, &actions)
        self.deployment?.phase = .starting(id)
    }

    mutating func committed(_ version: Int, _ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard let deployment, deployment.version == version, case .committing = deployment.phase else { return }
        liveVersion = version
        liveNeedsPort = deployment.needsPort
        backoff.succeeded()
        lastFailure = nil
        self.deployment = nil
        hasWaitingCalls = false
        actions.append(.publish)
        actions.append(.deployed(version: version))
        for index in instances.indices where instances[index].version != version {
            drain(index, until: now + configuration.drainTimeout, &actions)
        }
        startNextDeployment(now, &actions)
    }

    mutating func commitFailed(
        _ version: Int, _ error: RPCError, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let deployment, deployment.version == version, case .committing = deployment.phase else { return }
        failDeployment(deployment, error, &actions)
        startNextDeployment(now, &actions)
        // What the deployment stopped to free the port starts again for the calls that waited meanwhile.
        if hasWaitingCalls { callsWaiting(now, &actions) }
    }

    private mutating func startNextDeployment(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard let next = nextDeployment else { return }
        nextDeployment = nil
        deploy(next.version, needsPort: next.needsPort, now, &actions)
    }

    /// The instance that was to become the new version's first has ended, failed or took too long.
    mutating func deploymentInstanceFailed(
        _ deployment: Deployment, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        let error = RPCError(
            .startFailed, "version \(deployment.version) of \(service) did not become ready: \(how)")
        failDeployment(deployment, error, &actions)
        if hasWaitingCalls { callsWaiting(now, &actions) }
    }

    mutating func failDeployment(_ failed: Deployment, _ error: RPCError, _ actions: inout [Action]) {
        deployment = nil
        actions.append(.deploymentFailed(version: failed.version, error))
        switch failed.phase {
        case .freeingPort:
            break
        case .starting(let id), .committing(let id):
            if let index = index(of: id) { terminate(index, &actions) }
        }
    }

    private var supersededError: RPCError {
        RPCError(code: .aborted, message: "a later deployment of \(service) took its place", reason: .conflict)
    }

    var shuttingDownError: RPCError {
        RPCError(.shuttingDown, "service \(service) is being stopped")
    }
}
