// How a version takes over.
extension ServiceController {
    mutating func deploy(
        _ candidate: Candidate, request: Int, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        // The later upload wins, whatever order the two arrive or become ready in.
        guard candidate.version > newest || isShuttingDown else {
            actions.append(.deploymentFailed(version: candidate.version, request: request, supersededError))
            return
        }
        newest = max(newest, candidate.version)
        takeOver(Wish(candidate: candidate, request: request), now, &actions)
    }

    mutating func rollback(
        _ candidate: Candidate, newest: Int, request: Int, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        self.newest = max(self.newest, newest)
        takeOver(Wish(candidate: candidate, request: request), now, &actions)
    }

    /// Fulfils a wish, which is later than all before.
    private mutating func takeOver(_ wish: Wish, _ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard !isShuttingDown else {
            actions.append(
                .deploymentFailed(version: wish.candidate.version, request: wish.request, shuttingDownError))
            return
        }
        if let earlier = deployment {
            if earlier.phase == .committing {
                // Too late to stop it: it becomes live, and this one follows.
                if let waiting = next {
                    actions.append(
                        .deploymentFailed(version: waiting.candidate.version, request: waiting.request, supersededError)
                    )
                }
                next = wish
                return
            }
            failDeployment(earlier, supersededError, &actions)
        }
        guard wish.candidate.version != live?.version else {
            actions.append(.deployed(version: wish.candidate.version, request: wish.request))
            if hasWaitingCalls { callsWaiting(now, &actions) }
            return
        }
        deployment = Deployment(candidate: wish.candidate, request: wish.request)
        guard wish.candidate.needsPort, instances.contains(where: { $0.holdsPort }) else {
            startDeployment(now, &actions)
            return
        }
        for index in instances.indices where instances[index].holdsPort {
            drain(index, .until(now + instances[index].drainTimeout), &actions)
        }
        actions.append(.publish)
    }

    /// Starts the new version's instances once nothing stands in their way: as many as the old one has, so that the load
    /// which it carries finds room.
    mutating func startDeployment(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard var deployment else { return }
        let candidate = deployment.candidate
        let present = instances.count { $0.state == .ready && $0.version == live?.version }
        let count = candidate.needsPort ? 1 : max(1, candidate.minInstances, min(present, candidate.maxInstances))
        for _ in deployment.instances.count..<max(count, deployment.instances.count) {
            deployment.instances.append(start(candidate, now, &actions))
        }
        deployment.phase = .starting
        self.deployment = deployment
    }

    /// One of the new version's instances answers; the version is recorded once all do.
    mutating func deploymentInstanceReady(_ actions: inout [Action]) {
        guard let deployment, deployment.phase == .starting else { return }
        let isReady = deployment.instances.allSatisfy { id in
            index(of: id).map { instances[$0].state == .ready } == true
        }
        guard isReady else { return }
        self.deployment?.phase = .committing
        actions.append(.commit(version: deployment.candidate.version))
    }

    mutating func committed(_ version: Int, _ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard let deployment, deployment.candidate.version == version, deployment.phase == .committing else { return }
        live = deployment.candidate
        backoff.succeeded()
        lastFailure = nil
        self.deployment = nil
        actions.append(.publish)
        actions.append(.deployed(version: version, request: deployment.request))
        for index in instances.indices where instances[index].version != version {
            drain(index, .replaced(at: now), &actions)
        }
        startNextDeployment(now, &actions)
        serveWaitingCalls(now, &actions)
    }

    mutating func commitFailed(
        _ version: Int, _ error: RPCError, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let deployment, deployment.candidate.version == version, deployment.phase == .committing else { return }
        failDeployment(deployment, error, &actions)
        startNextDeployment(now, &actions)
        // What the deployment stopped to free the port starts again for the calls that waited meanwhile.
        serveWaitingCalls(now, &actions)
    }

    private mutating func startNextDeployment(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard let wish = next else { return }
        next = nil
        takeOver(wish, now, &actions)
    }

    /// An instance that the new version was to begin with has ended, failed or took too long.
    mutating func deploymentInstanceFailed(
        _ deployment: Deployment, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        let error = RPCError(
            .startFailed, "version \(deployment.candidate.version) of \(service) did not become ready: \(how)")
        failDeployment(deployment, error, &actions)
        serveWaitingCalls(now, &actions)
    }

    /// An instance that the new version was to begin with is to leave: another takes its place, or the version would wait for
    /// one that never becomes ready again.
    mutating func replaceInDeployment(
        _ id: InstanceID, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard var deployment, deployment.phase == .starting,
            let place = deployment.instances.firstIndex(of: id)
        else { return }
        if deployment.candidate.needsPort {
            // The other one starts when this one has ended.
            deployment.instances = []
            deployment.phase = .freeingPort
        } else {
            deployment.instances[place] = start(deployment.candidate, now, &actions)
        }
        self.deployment = deployment
    }

    mutating func failDeployment(_ failed: Deployment, _ error: RPCError, _ actions: inout [Action]) {
        deployment = nil
        actions.append(.deploymentFailed(version: failed.candidate.version, request: failed.request, error))
        for id in failed.instances {
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
