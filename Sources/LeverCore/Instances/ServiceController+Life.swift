// Instances of the live version: started for calls that wait and for the scaling policy, replaced when they fail.
extension ServiceController {
    mutating func callsWaiting(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard !isShuttingDown else {
            failWaiting(shuttingDownError, &actions)
            return
        }
        guard let live else {
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
        if deployment?.candidate.needsPort == true { return }
        if instances.contains(where: { $0.version == live.version && $0.state == .starting }) { return }
        if let index = instances.firstIndex(where: { mayReturn($0) }) {
            hasWaitingCalls = false
            undrain(index, &actions)
            actions.append(.publish)
            return
        }
        // The exit of whoever has the port leads here again.
        if live.needsPort, instances.contains(where: { $0.holdsPort }) { return }
        if backoff.isWaiting(at: now) {
            failWaitingForStart(now, &actions)
            return
        }
        start(live, now, &actions)
    }

    /// Calls that wait get what is there now.
    mutating func serveWaitingCalls(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard hasWaitingCalls else { return }
        if readyInstances.isEmpty { callsWaiting(now, &actions) } else { hasWaitingCalls = false }
    }

    private func mayReturn(_ instance: Instance) -> Bool {
        instance.state == .draining && instance.mayReturn && instance.isResponsive
            && instance.version == live?.version
    }

    mutating func scale(_ plan: ScalingPlan, _ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard !isShuttingDown, let live else { return }
        var hasChanged = false
        for id in plan.undrain {
            guard let index = index(of: id), mayReturn(instances[index]) else { continue }
            undrain(index, &actions)
            hasChanged = true
        }
        for id in plan.drain {
            guard let index = index(of: id), instances[index].version == live.version else { continue }
            drain(index, .unlimited(mayReturn: true), &actions)
            hasChanged = true
        }
        if hasChanged { actions.append(.publish) }
        guard plan.start > 0, !backoff.isWaiting(at: now), deployment?.candidate.needsPort != true else { return }
        // Of a program that may hold the one port, only one can live.
        let count = live.needsPort ? (instances.contains { $0.holdsPort } ? 0 : 1) : plan.start
        for _ in 0..<count { start(live, now, &actions) }
    }

    // MARK: Coming

    mutating func adopted(_ id: InstanceID, _ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard let live, index(of: id) == nil else { return }
        var instance = make(id, live, now)
        instance.state = .ready
        instance.readySince = now
        instances.append(instance)
        if isShuttingDown { return terminate(instances.count - 1, &actions) }
        // Its program listens where it was told to.
        self.live?.needsPort = false
        hasWaitingCalls = false
        actions.append(.publish)
    }

    mutating func ready(
        _ id: InstanceID, holdsPort: Bool, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let index = index(of: id), instances[index].state == .starting else { return }
        instances[index].state = .ready
        instances[index].holdsPort = holdsPort
        instances[index].deadline = nil
        instances[index].readySince = now
        instances[index].startTime = now - instances[index].started
        if !holdsPort { usesOwnAddress(instances[index].version, now, &actions) }
        if deployment?.instances.contains(id) == true {
            lastStartTime = instances[index].startTime
            deploymentInstanceReady(&actions)
        } else if instances[index].version == live?.version {
            lastStartTime = instances[index].startTime
            hasWaitingCalls = false
            actions.append(.publish)
        } else {
            terminate(index, &actions)
        }
    }

    /// The program of a version has shown that it does not need the one port.
    private mutating func usesOwnAddress(
        _ version: Int, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        if live?.version == version { live?.needsPort = false }
        guard deployment?.candidate.version == version, deployment?.candidate.needsPort == true else { return }
        deployment?.candidate.needsPort = false
        if deployment?.phase == .starting { startDeployment(now, &actions) }
    }

    mutating func startFailed(
        _ id: InstanceID, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let index = index(of: id), instances[index].state == .starting else { return }
        terminate(index, &actions)
        startEnded(id, how: how, now, &actions)
    }

    /// A start came to nothing.
    private mutating func startEnded(
        _ id: InstanceID, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        if let deployment, deployment.phase == .starting, deployment.instances.contains(id) {
            deploymentInstanceFailed(deployment, how: how, now, &actions)
            return
        }
        backoff.failed(at: now)
        lastFailure = how
        let others = instances.contains { $0.version == live?.version && $0.state == .starting }
        if hasWaitingCalls, !others { failWaitingForStart(now, &actions) }
    }

    // MARK: Going

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
            if let deployment, deployment.phase == .starting, deployment.instances.contains(id) {
                deploymentInstanceFailed(deployment, how: how, now, &actions)
            } else {
                // Where it died while its version was being recorded as live, that goes on: it was ready, and calls start
                // another.
                backoff.crashed(at: now)
                lastFailure = how
            }
        case .draining, .stopping:
            break
        }
        if deployment?.phase == .freeingPort, !instances.contains(where: { $0.holdsPort }) {
            startDeployment(now, &actions)
        } else if hasWaitingCalls {
            callsWaiting(now, &actions)
        }
    }

    mutating func setResponsive(_ id: InstanceID, _ isResponsive: Bool, _ actions: inout [Action]) {
        guard let index = index(of: id), instances[index].isResponsive != isResponsive else { return }
        instances[index].isResponsive = isResponsive
        guard instances[index].state == .ready, instances[index].version == live?.version else { return }
        if isResponsive { hasWaitingCalls = false }
        actions.append(.publish)
    }

    mutating func lost(
        _ id: InstanceID, how: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let index = index(of: id), instances[index].state == .ready || instances[index].state == .draining else {
            return
        }
        let wasReady = instances[index].state == .ready
        instances[index].state = .stopping
        instances[index].deadline = nil
        actions.append(.kill(id))
        guard wasReady else { return }
        actions.append(.publish)
        if let deployment, deployment.phase == .starting, deployment.instances.contains(id) {
            deploymentInstanceFailed(deployment, how: how, now, &actions)
            return
        }
        backoff.crashed(at: now)
        lastFailure = how
        if hasWaitingCalls { callsWaiting(now, &actions) }
    }

    // MARK: Calls that cannot be served

    mutating func failWaiting(_ error: RPCError, _ actions: inout [Action]) {
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
