import LeverCore

// What the host may do to calls in progress, and from when on: worked out here from what happened, apart from the decisions.
extension HostWorld {
    /// Notes what an event allows.
    func allow(
        _ event: ServiceMachine.Event, _ actions: [ServiceMachine.Action], deployingBefore: Int?,
        _ service: SimulatedService
    ) {
        switch event {
        case .instances(.committed(let version)) where service.machine?.instances.liveVersion == version:
            guard actions.contains(where: { if case .instances(.deployed(version, _)) = $0 { true } else { false } })
            else { break }
            service.publishedAt = now
            for instance in service.instances.values where instance.version.number != version { replaced(instance) }
        case .instances(.shutdown):
            for instance in service.instances.values {
                instance.limit(calls: now + life.shutdownTimeout, channels: now + life.shutdownTimeout)
                instance.leaves(by: now)
            }
        case .instances(.retire(let id)):
            if let instance = service.instances[id] {
                instance.leaves(by: now + resources.moveWindow)
                instance.retiredAt = instance.retiredAt ?? now
            }
        default: break
        }
        for action in actions {
            switch action {
            case .resources(.drainInstanceAndKill(let id, _)): service.instances[id].map(replaced)
            case .instances(.kill(let id)), .instances(.terminate(let id)): service.instances[id]?.leaves(by: now)
            case .instances(.undrain(let id)): service.instances[id]?.windowEnd = nil
            default: break
            }
        }
        allowPort(deployingBefore, service)
    }

    /// A version that needs the port which another instance has begins to take over: that instance ends within its time.
    private func allowPort(_ deployingBefore: Int?, _ service: SimulatedService) {
        guard let machine = service.machine, let deploying = machine.instances.deployingVersion,
            deploying != deployingBefore, service.versions[deploying]?.candidate.needsPort == true
        else { return }
        for known in machine.instances.instances where known.holdsPort {
            guard let instance = service.instances[known.id] else { continue }
            let end = now + drainTime(instance)
            instance.limit(calls: end, channels: end)
            instance.leaves(by: now + resources.moveWindow)
        }
    }

    private func replaced(_ instance: SimulatedInstance) {
        let calls = drainTime(instance)
        let channels = max(calls, instance.version.candidate.channelDrainTimeout ?? life.channelDrainTimeout)
        instance.limit(calls: now + calls, channels: now + channels)
        instance.leaves(by: now + resources.moveWindow)
    }

    private func drainTime(_ instance: SimulatedInstance) -> Duration {
        instance.version.candidate.drainTimeout ?? life.drainTimeout
    }

    private func isOver(_ time: ContinuousClock.Instant?) -> Bool {
        time.map { $0 <= now } ?? false
    }

    // MARK: Checks

    /// The calls of a draining instance are told that their time is over.
    func checkMayEndCalls(_ instance: SimulatedInstance) {
        guard instance.isAlive, !isOver(instance.callsMayEnd) else { return }
        if let call = instance.calls.first(where: { !$0.isChannel && $0.activation == nil }) {
            wrong("\(call.name) is ended on \(instance.id) before its time")
        }
    }

    /// An instance is asked to end, with all that is in it.
    func checkMayEnd(_ instance: SimulatedInstance) {
        guard instance.isAlive, !instance.isMute else { return }
        for call in instance.calls {
            let end = call.isChannel ? instance.channelsMayEnd : instance.callsMayEnd
            if !isOver(end) {
                let limit = end.map { "\($0 - Self.start)" } ?? "ever, since it only leaves for want of calls"
                wrong("instance \(instance.id) is ended with \(call.name) in it, which has time until \(limit)")
            }
        }
    }

    /// New calls for a resource are held back, and its channels end.
    func checkMayHoldBack(_ route: SimulatedActivation) {
        guard route.instance.isAlive, !route.instance.service.isEnding else { return }
        if !isOver(route.instance.windowEnd), !isOver(route.moveWindowEnd) {
            wrong("channels of \(route.resource) are ended on \(route.instance.id) before the end of the move window")
        }
    }

    /// Calls of a resource that have had their time are ended.
    func checkMayEndCalls(_ route: SimulatedActivation) {
        guard let since = route.heldBackSince else {
            return wrong("calls of \(route.resource) are ended without having been held back")
        }
        if now - since < resources.drainTimeout {
            wrong("calls of \(route.resource) are ended \(now - since) after new ones were held back")
        }
    }
}
