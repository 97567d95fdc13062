// How an instance leaves.
extension ServiceController {
    /// How long what is in a draining instance may go on.
    enum DrainTime {
        /// For ever; with `mayReturn` the instance may take calls again when some wait.
        case unlimited(mayReturn: Bool)
        /// Calls and channels as long as the instance's version or the host says.
        case replaced(at: ContinuousClock.Instant)
        /// Calls and channels up to the same moment.
        case until(ContinuousClock.Instant)
    }

    /// Stops giving calls to an instance. A limit that comes on top of another only shortens it.
    mutating func drain(_ index: Int, _ time: DrainTime, _ actions: inout [Action]) {
        switch instances[index].state {
        case .starting:
            terminate(index, &actions)
        case .ready:
            instances[index].state = .draining
            instances[index].mayReturn = true
            instances[index].deadline = nil
            limit(index, time)
            actions.append(.drain(instances[index].id))
        case .draining:
            let couldReturn = instances[index].mayReturn
            limit(index, time)
            // What left for want of calls has to hurry now.
            if couldReturn, !instances[index].mayReturn { actions.append(.drain(instances[index].id)) }
        case .stopping:
            break
        }
    }

    private mutating func limit(_ index: Int, _ time: DrainTime) {
        let calls: ContinuousClock.Instant
        let channels: ContinuousClock.Instant
        switch time {
        case .unlimited(let mayReturn):
            instances[index].mayReturn = instances[index].mayReturn && mayReturn
            return
        case .replaced(let now):
            calls = now + instances[index].drainTimeout
            channels = now + instances[index].channelDrainTimeout
        case .until(let end):
            calls = end
            channels = end
        }
        instances[index].mayReturn = false
        guard let earlier = instances[index].deadline else {
            instances[index].deadline = calls
            instances[index].channelDeadline = channels
            return
        }
        // Where the calls' time is over already, only the channels' is left.
        instances[index].deadline = min(earlier, instances[index].channelDeadline == nil ? channels : calls)
        instances[index].channelDeadline = instances[index].channelDeadline.map { min($0, channels) }
    }

    /// Lets an instance that leaves for want of calls take them again.
    mutating func undrain(_ index: Int, _ actions: inout [Action]) {
        instances[index].state = .ready
        actions.append(.undrain(instances[index].id))
    }

    mutating func drained(_ id: InstanceID, _ actions: inout [Action]) {
        guard let index = index(of: id), instances[index].state == .draining else { return }
        terminate(index, &actions)
    }

    mutating func condemn(_ id: InstanceID, _ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard let index = index(of: id) else { return }
        drain(index, .replaced(at: now), &actions)
        actions.append(.publish)
    }

    mutating func retire(_ id: InstanceID, _ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard let index = index(of: id) else { return }
        drain(index, .unlimited(mayReturn: false), &actions)
        actions.append(.publish)
        replaceInDeployment(id, now, &actions)
    }

    mutating func timer(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        for index in instances.indices {
            guard let deadline = instances[index].deadline, deadline <= now else { continue }
            instances[index].deadline = nil
            if instances[index].state == .starting {
                actions.append(.startTimedOut(instances[index].id))
            } else if let channels = instances[index].channelDeadline, channels > now {
                instances[index].deadline = channels
                instances[index].channelDeadline = nil
                actions.append(.endCalls(instances[index].id))
            } else {
                terminate(index, &actions)
            }
        }
    }

    mutating func shutdown(_ now: ContinuousClock.Instant, _ actions: inout [Action]) {
        guard !isShuttingDown else { return }
        isShuttingDown = true
        if let wish = next {
            next = nil
            actions.append(
                .deploymentFailed(version: wish.candidate.version, request: wish.request, shuttingDownError))
        }
        // A commit that is under way comes to its end, and its deployment is told the truth.
        if let deployment, deployment.phase != .committing { failDeployment(deployment, shuttingDownError, &actions) }
        for index in instances.indices { drain(index, .until(now + configuration.shutdownTimeout), &actions) }
        actions.append(.publish)
        failWaiting(shuttingDownError, &actions)
    }
}
