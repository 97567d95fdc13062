// Instances of the live version: started for calls that wait, ended when idle, replaced when they fail.
extension ServiceController {
    mutating func callsWaiting(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard !isShuttingDown else {
            actions.append(.failWaiting(RPCError(.shuttingDown, "service \(service) is being stopped")))
            return
        }
        guard let liveVersion else {
            if deployment == nil {
                actions.append(.failWaiting(RPCError(.noService, "service \(service) has no version")))
            } else {
                hasWaitingCalls = true
            }
            return
        }
        guard readyInstances.isEmpty else {
            actions.append(.publish)
            return
        }
        hasWaitingCalls = true
        if let deployment, deployment.phase == .freeingPort || deployment.needsPort { return }
        if instances.contains(where: { $0.version == liveVersion && $0.state == .starting }) { return }
        if let index = instances.firstIndex(where: {
            // Only what drains without a limit, for want of calls, is taken back.
            $0.version == liveVersion && $0.state == .draining && $0.deadline == nil
        }) {
            instances[index].state = .ready
            hasWaitingCalls = false
            actions.append(.undrain(instances[index].id))
            actions.append(.publish)
            return
        }
        if instances.contains(where: { $0.holdsPort }) { return }
        if backoff.isWaiting(at: now) {
            failWaiting(now, &actions)
            return
        }
        start(liveVersion, now, &actions)
    }

    mutating func ready(
        _ id: InstanceID, holdsPort: Bool, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let index = index(of: id), instances[index].state == .starting else { return }
        instances[index].state = .ready
        instances[index].holdsPort = holdsPort
        instances[index].deadline = nil
        instances[index].readySince = now
        if let deployment, deployment.phase == .starting(id) {
            self.deployment?.phase = .committing(id)
            actions.append(.commit(version: deployment.version))
        } else if instances[index].version == liveVersion {
            hasWaitingCalls = false
            actions.append(.publish)
        } else {
            terminate(index, &actions)
        }
    }

    mutating func exited(
        _ id: InstanceID, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let index = index(of: id) else { return }
        let gone = instances.remove(at: index)
        if gone.state == .ready { actions.append(.publish) }
        let wasExpected = gone.state == .stopping || gone.state == .draining
        if let deployment, deployment.phase == .starting(id) || deployment.phase == .committing(id) {
            deploymentInstanceEnded(deployment, how: how, now, &actions)
            return
        }
        if !wasExpected {
            if let since = gone.readySince, now - since >= configuration.backoff.maximum { backoff.succeeded() }
            backoff.failed(at: now)
            lastFailure = how
        }
        if deployment?.phase == .freeingPort, !instances.contains(where: { $0.holdsPort }) {
            startDeployment(now, &actions)
            return
        }
        guard hasWaitingCalls, !isShuttingDown else { return }
        if wasExpected || !backoff.isWaiting(at: now) {
            callsWaiting(now, &actions)
        } else {
            failWaiting(now, &actions)
        }
    }

    mutating func idle(_ id: InstanceID, _ actions: inout [Action]) {
        guard let index = index(of: id), instances[index].state == .ready else { return }
        if case .committing(id)? = deployment?.phase { return }
        drain(index, until: nil, &actions)
        actions.append(.publish)
    }

    mutating func drained(_ id: InstanceID, _ actions: inout [Action]) {
        guard let index = index(of: id), instances[index].state == .draining else { return }
        terminate(index, &actions)
    }

    mutating func timer(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        for index in instances.indices {
            guard let deadline = instances[index].deadline, deadline <= now else { continue }
            // A start that took too long ends as a failure: `exited` follows and says so.
            if instances[index].state == .starting {
                lastFailure = "it did not answer within \(configuration.instanceStartTimeout)"
            }
            let wasStarting = instances[index].state == .starting
            let id = instances[index].id
            terminate(index, &actions)
            if wasStarting { startTimedOut(id, now, &actions) }
        }
    }

    private mutating func startTimedOut(
        _ id: InstanceID, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        let how = "it did not answer within \(configuration.instanceStartTimeout)"
        if let deployment, deployment.phase == .starting(id) {
            deploymentInstanceEnded(deployment, how: how, now, &actions)
            return
        }
        backoff.failed(at: now)
        if hasWaitingCalls { failWaiting(now, &actions) }
    }

    mutating func shutdown(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard !isShuttingDown else { return }
        isShuttingDown = true
        if let deployment { failDeployment(deployment, RPCError(.shuttingDown, "the host or service is stopping"), &actions) }
        for index in instances.indices { drain(index, until: now + configuration.drainTimeout, &actions) }
        actions.append(.failWaiting(RPCError(.shuttingDown, "service \(service) is being stopped")))
        actions.append(.publish)
    }

    mutating func failWaiting(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        hasWaitingCalls = false
        var message = "an instance of \(service) could not be started"
        if let lastFailure { message += ": \(lastFailure)" }
        if let until = backoff.until, until > now {
            message += " (next attempt in \(max(1, (until - now).components.seconds)) s)"
        }
        actions.append(.failWaiting(RPCError(.startFailed, message)))
    }
}
