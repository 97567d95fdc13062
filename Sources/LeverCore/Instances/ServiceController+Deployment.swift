// How a version takes over.
extension ServiceController {
    mutating func deploy(
        _ version: Int, needsPort: Bool, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard !isShuttingDown else {
            let error = RPCError(.shuttingDown, "service \(service) is being stopped")
            actions.append(.deploymentFailed(version: version, error))
            return
        }
        if let earlier = deployment {
            // The later upload wins, whatever order the two become ready in.
            failDeployment(
                earlier, RPCError(code: .aborted, message: "a later deployment of \(service) took its place",
                    reason: .conflict), &actions)
        }
        let mustFreePort = needsPort && instances.contains { $0.holdsPort && $0.state != .stopping }
        deployment = Deployment(version: version, needsPort: needsPort, phase: .freeingPort)
        if mustFreePort {
            for index in instances.indices where instances[index].holdsPort {
                drain(index, until: now + configuration.drainTimeout, &actions)
            }
            actions.append(.publish)
        } else if !instances.contains(where: { needsPort && $0.holdsPort }) {
            startDeployment(now, &actions)
        }
    }

    /// Starts the new version's instance once nothing stands in its way.
    mutating func startDeployment(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard let version = deployment?.version else { return }
        let id = start(version, now, &actions)
        deployment?.phase = .starting(id)
    }

    mutating func committed(_ version: Int, _ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        let previous = liveVersion
        liveVersion = version
        backoff.succeeded()
        lastFailure = nil
        if deployment?.version == version { deployment = nil }
        hasWaitingCalls = false
        actions.append(.publish)
        actions.append(.deployed(version: version))
        guard previous != version else { return }
        for index in instances.indices where instances[index].version == previous {
            drain(index, until: now + configuration.drainTimeout, &actions)
        }
    }

    mutating func commitFailed(_ version: Int, _ error: RPCError, _ actions: inout [Action]) {
        guard let deployment, deployment.version == version else { return }
        failDeployment(deployment, error, &actions)
    }

    /// The instance that was to become the new version's first has ended or took too long.
    mutating func deploymentInstanceEnded(
        _ deployment: Deployment, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        let error = RPCError(
            .startFailed, "version \(deployment.version) of \(service) did not become ready: \(how)")
        failDeployment(deployment, error, &actions)
        // What the deployment stopped to free the port starts again for the calls that waited meanwhile.
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
        if liveVersion == nil, hasWaitingCalls {
            hasWaitingCalls = false
            actions.append(.failWaiting(RPCError(.noService, "service \(service) has no version")))
        }
    }
}
