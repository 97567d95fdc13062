// Instances of the live version: started for calls that wait, ended when idle, replaced when they fail.
extension ServiceController {
    mutating func callsWaiting(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard !isShuttingDown else {
            failWaiting(shuttingDownError, &actions)
            return
        }
        guard let liveVersion else {
            if deployment == nil {
                failWaiting(RPCError(.noService, "service \(service) has no version"), &actions)
            } else {
                hasWaitingCalls = true
            }
            return
        }
        guard readyInstances.isEmpty else {
            hasWaitingCalls = false
            actions.append(.publish)
            return
        }
        hasWaitingCalls = true
        // A deployment that needs the port decides who has it; its end answers the calls, one way or the other.
        if deployment?.needsPort == true { return }
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
        // The exit of whoever has the port leads here again.
        if liveNeedsPort, instances.contains(where: { $0.holdsPort }) { return }
        if backoff.isWaiting(at: now) {
            failWaitingForStart(now, &actions)
            return
        }
        start(liveVersion, needsPort: liveNeedsPort, now, &actions)
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

    mutating func startFailed(
        _ id: InstanceID, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let index = index(of: id), instances[index].state == .starting else { return }
        terminate(index, &actions)
        startEnded(id, how: how, now, &actions)
    }

    mutating func exited(
        _ id: InstanceID, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let index = index(of: id) else { return }
        let gone = instances.remove(at: index)
        if let since = gone.readySince, now - since >= configuration.backoff.maximum { backoff.succeeded() }
        switch gone.state {
        case .starting:
            startEnded(id, how: how, now, &actions)
        case .ready:
            actions.append(.publish)
            // Where it died while its version was being recorded as live, that goes on: it was ready, and calls start another.
            backoff.crashed(at: now)
            lastFailure = how
        case .draining, .stopping:
            break
        }
        if deployment?.phase == .freeingPort, !instances.contains(where: { $0.holdsPort }) {
            startDeployment(now, &actions)
        } else if hasWaitingCalls {
            callsWaiting(now, &actions)
        }
    }

    /// A start came to nothing.
    private mutating func startEnded(
        _ id: InstanceID, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        if let deployment, deployment.phase == .starting(id) {
            deploymentInstanceFailed(deployment, how: how, now, &actions)
            return
        }
        backoff.failed(at: now)
        lastFailure = how
        if hasWaitingCalls { failWaitingForStart(now, &actions) }
    }

    mutating func idle(_ id: InstanceID, _ actions: inout [Action]) {
        guard let index = index(of: id), instances[index].state == .ready else { return }
        if let deployment, deployment.phase == .committing(id) { return }
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
            instances[index].deadline = nil
            if instances[index].state == .starting {
                actions.append(.startTimedOut(instances[index].id))
            } else {
                terminate(index, &actions)
            }
        }
    }

    mutating func shutdown(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard !isShuttingDown else { return }
        isShuttingDown = true
        if let next = nextDeployment {
            nextDeployment = nil
            actions.append(.deploymentFailed(version: next.version, shuttingDownError))
        }
        var isCommitting = false
        if case .committing? = deployment?.phase { isCommitting = true }
        // A commit that is under way comes to its end, and its deployment is told the truth.
        if let deployment, !isCommitting { failDeployment(deployment, shuttingDownError, &actions) }
        for index in instances.indices { drain(index, until: now + configuration.shutdownTimeout, &actions) }
        actions.append(.publish)
        failWaiting(shuttingDownError, &actions)
    }

    private mutating func failWaiting(_ error: RPCError, _ actions: inout [Action]) {
        hasWaitingCalls = false
        actions.append(.failWaiting(error))
    }

    private mutating func failWaitingForStart(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        var message = "an instance of \(service) could not be started"
        if let lastFailure { message += ": \(lastFailure)" }
        if let until = backoff.until, until > now {
            let left = until - now
            message += " (next attempt in \(left.components.seconds + (left.components.attoseconds > 0 ? 1 : 0)) s)"
        }
        failWaiting(RPCError(.startFailed, message), &actions)
    }
}
