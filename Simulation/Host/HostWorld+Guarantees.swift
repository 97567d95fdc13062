import LeverCore

// The guarantees, held against what is really the case.
extension HostWorld {
    /// The longest that a call may be without an instance: each thing that it can wait for has its own limit.
    private func longestWait(_ service: SimulatedService) -> Duration {
        let resource =
            resources.moveWindow + resources.drainTimeout + resources.closeResourceTimeout
            + resources.newResourceTimeout
        // A version that needs the port makes calls wait until its deployment has ended, and the next one may follow.
        let start = life.instanceStartTimeout + terminationGrace + .seconds(service.index % 4 == 3 ? 240 : 20)
        return resource + start
    }

    // MARK: Calls

    func checkReason(_ error: RPCError) {
        if error.reason == nil || error.message.isEmpty { wrong("an error without a reason: \(error)") }
    }

    /// A call has reached an instance that lives.
    func checkEntered(
        _ call: SimulatedCall, _ instance: SimulatedInstance, _ activation: SimulatedActivation?, isNested: Bool
    ) {
        let service = call.service
        guard let machine = service.machine, service.instances[instance.id] === instance else {
            return wrong("\(call.name) goes to \(instance.id), which the host has forgotten")
        }
        let version = instance.version.number
        if !service.wasLive.contains(version) {
            wrong("\(call.name) goes to \(instance.id) of version \(version), which never was live")
        }
        guard let activation else {
            if version != machine.instances.liveVersion {
                wrong("\(call.name) goes to version \(version), while \(machine.instances.liveVersion ?? 0) is live")
            }
            if service.known(instance.id)?.state != .ready {
                wrong("\(call.name) goes to \(instance.id), which leaves")
            }
            return
        }
        let resource = activation.resource
        if service.holders[resource] != [instance.id: activation.epoch] {
            wrong("\(call.name) goes to \(instance.id), while \(service.holders[resource] ?? [:]) hold it")
        }
        guard !isNested else { return }
        let standing = machine.resources.standing(of: resource)
        let takesCalls = standing?.phase == .active || standing?.phase == .probing || standing?.phase == .leaving
        if !takesCalls || standing?.activation?.epoch != activation.epoch {
            wrong("\(call.name) goes to \(instance.id), while it is \(standing.map { "\($0)" } ?? "inactive")")
        }
        // Of an instance with more resources than may leave at once, some leave later.
        if version != machine.instances.liveVersion, now - service.publishedAt > resources.moveWindow + .seconds(1),
            machine.resources.count <= resources.handOversAtOnce
        {
            wrong("\(call.name) goes to version \(version), whose move window is over")
        }
    }

    /// Where nothing goes wrong, no call fails, but channels end when what they are for moves or is replaced.
    func checkMayFail(_ call: SimulatedCall, _ error: RPCError) {
        let service = call.service
        if error.reason == .startFailed, !hadTrouble(service, within: .seconds(150)) {
            wrong("\(call.name) fails without a failure: \(error.message)")
        }
        guard configuration.isCalm else { return }
        if call.isChannel, call.state == .inside { return }
        // Before the first version is live, and known on the loop.
        if error.reason == .noService, now - service.publishedAt < .milliseconds(100) || service.acknowledged == nil {
            return
        }
        wrong("\(call.name) fails, though nothing is wrong: \(error)")
    }

    func checkMayFailWaiting(_ error: RPCError, _ service: SimulatedService) {
        if error.reason == .startFailed, !hadTrouble(service, within: .seconds(150)) {
            wrong("the calls that wait for \(service.id) fail without a failure: \(error.message)")
        }
        if error.reason == .shuttingDown, !service.isEnding { wrong("\(service.id) is not being stopped") }
    }

    private func hadTrouble(_ service: SimulatedService, within time: Duration) -> Bool {
        service.lastTrouble.map { now - $0 <= time } ?? false
    }

    // MARK: Resources

    func checkNewResource(_ resource: ResourceID, _ activation: Activation, _ service: SimulatedService) {
        if let holders = service.holders[resource] {
            wrong("\(resource) of \(service.id) goes to \(activation.instance), while \(holders) hold it")
        }
        if let last = service.lastEpoch, activation.epoch <= last {
            wrong("\(resource) of \(service.id) gets epoch \(activation.epoch) after \(last)")
        }
        service.lastEpoch = activation.epoch
        let known = service.known(activation.instance)
        if known?.state != .ready || known?.version != service.machine?.instances.liveVersion {
            wrong(
                "\(resource) of \(service.id) goes to \(activation.instance), which is \(known.map { "\($0)" } ?? "gone")"
            )
        }
    }

    func checkCloseResource(_ resource: ResourceID, _ epoch: Epoch, _ service: SimulatedService) {
        guard let route = service.activations[resource], route.epoch == epoch else { return }
        if !route.gate.isClosed || route.gate.inside > 0 && !route.isEnded {
            wrong("CloseResource of \(resource) is sent with \(route.gate.inside) calls inside")
        }
    }

    // MARK: Instances

    func checkStart(_ id: InstanceID, _ version: SimulatedVersion, _ service: SimulatedService) {
        guard let instances = service.machine?.instances else { return }
        let isLive = version.number == instances.liveVersion
        if !isLive, version.number != instances.deployingVersion {
            wrong("\(id) of version \(version.number) starts, which is neither live nor about to be")
        }
        let count = instances.instances.count {
            $0.version == version.number && $0.isResponsive && ($0.state == .starting || $0.state == .ready)
        }
        let most = isLive ? service.bounds.maxInstances : max(version.bounds.maxInstances, 1)
        if count > max(1, most) { wrong("\(service.id) has \(count) instances, of \(most) allowed") }
    }

    // MARK: Deployments

    func checkDeployed(_ version: Int, _ request: Int, _ service: SimulatedService) {
        guard let asked = service.pending[request] else {
            return wrong("deployment \(request) of \(service.id) is answered, which nobody waits for")
        }
        if asked.version.number != version {
            wrong("deployment \(request) of \(service.id) is told of version \(version)")
        }
        if service.catalogLive != version {
            wrong("version \(version) of \(service.id) is acknowledged, but \(service.catalogLive ?? 0) is recorded")
        }
        if request <= service.lastAnswered { wrong("deployment \(request) of \(service.id) wins over a later one") }
        if asked.isLate { wrong("version \(version) of \(service.id) takes over, which a later one came before") }
    }

    func checkDeploymentFailed(
        _ version: Int, _ request: Int, _ error: RPCError, _ service: SimulatedService
    ) {
        guard let asked = service.pending[request], asked.version.number == version else {
            return wrong("deployment \(request) of \(service.id) is answered, which nobody waits for")
        }
        switch error.reason {
        case .some(.conflict):
            if !asked.isLate, service.requests == request {
                wrong("version \(version) of \(service.id) gives way to a later one, which is not there")
            }
        case .some(.startFailed):
            if !hadTrouble(service, within: .seconds(60)) {
                wrong("version \(version) of \(service.id) fails without a failure: \(error.message)")
            }
        case .some(.shuttingDown): if !service.isEnding { wrong("\(service.id) is not being stopped") }
        default: if configuration.isCalm { wrong("version \(version) of \(service.id) fails: \(error)") }
        }
    }

    // MARK: After every event of a service

    func check(_ service: SimulatedService) {
        guard let machine = service.machine, fault == nil else { return }
        if machine.instances.liveVersion != service.acknowledged {
            wrong(
                "version \(service.acknowledged ?? 0) of \(service.id) was acknowledged, but "
                    + "\(machine.instances.liveVersion ?? 0) is live")
        }
        for request in service.pending.values where now - request.since > .seconds(240) {
            wrong("the deployment of version \(request.version.number) of \(service.id) does not end")
        }
        for waiting in service.waiting.values {
            if let call = waiting.first, now - call.unservedSince > longestWait(service) {
                wrong("\(call.name) waits since \(call.unservedSince - Self.start)")
            }
        }
        checkInstances(machine, service)
        checkResources(machine, service)
    }

    private func checkInstances(_ machine: ServiceMachine, _ service: SimulatedService) {
        if machine.instances.instances.count != service.instances.count {
            wrong(
                "\(service.id) has \(service.instances.count) instances, not \(machine.instances.instances.count)")
        }
        var withPort = 0
        for known in machine.instances.instances {
            if known.holdsPort { withPort += 1 }
            guard let instance = service.instances[known.id] else {
                wrong("instance \(known.id) of \(service.id) is not there")
                continue
            }
            if let retired = instance.retiredAt { checkRetired(instance, known, since: retired) }
            guard instance.hasRoute, instance.isAlive else { continue }
            if known.state == .ready, instance.gate.isClosed { wrong("\(known.id) is ready, but its gate is closed") }
            if known.state != .ready, known.startTime != nil, !instance.gate.isClosed {
                wrong("\(known.id) is \(known.state), but its gate is open")
            }
        }
        if withPort > 1 { wrong("\(withPort) instances of \(service.id) have the one port") }
    }

    /// A retired instance ends once the calls without a resource have, since its resources move within their time.
    private func checkRetired(
        _ instance: SimulatedInstance, _ known: ServiceController.Instance, since: ContinuousClock.Instant
    ) {
        guard known.state == .draining, machineHasFewResources(instance.service) else { return }
        let time = longestWait(instance.service)
        if now - since > time, instance.calls.allSatisfy({ $0.activation != nil }),
            instance.calls.allSatisfy({ now - $0.unservedSince > time })
        {
            wrong("instance \(instance.id) was retired at \(since - Self.start), and only its resources keep it")
        }
    }

    private func machineHasFewResources(_ service: SimulatedService) -> Bool {
        (service.machine?.resources.count ?? 0) <= resources.handOversAtOnce
    }

    private func checkResources(_ machine: ServiceMachine, _ service: SimulatedService) {
        for (resource, holders) in service.holders where holders.count > 1 {
            wrong("\(resource) of \(service.id) is at \(holders) at once")
        }
        // Going over all of many resources each time would take most of the time.
        guard machine.resources.count <= 40 || steps % 32 == 0 else { return }
        var held: [InstanceID: Int] = [:]
        for standing in machine.resources.standings {
            guard let activation = standing.activation else { continue }
            held[activation.instance, default: 0] += 1
        }
        for instance in machine.resources.knownInstances where instance.resources != held[instance.id] ?? 0 {
            wrong("\(instance.id) is said to hold \(instance.resources) resources, not \(held[instance.id] ?? 0)")
        }
        for (resource, route) in service.activations {
            if machine.resources.standing(of: resource)?.activation?.epoch != route.epoch {
                wrong("the route of \(resource) of \(service.id) has no activation")
            }
        }
    }

    // MARK: The end

    /// Nobody calls any more: nothing must be left.
    func checkRest() {
        guard fault == nil else { return }
        if let call = calls.first(where: { $0.state != .ended }) {
            wrong("\(call.name) has not ended, which began at \(call.begun - Self.start), and is \(call.state)")
        }
        for service in services {
            if service.waitingCount > 0 { wrong("calls wait for \(service.id) at the end") }
            if !service.pending.isEmpty { wrong("a deployment of \(service.id) was never told how it ended") }
            if !service.moves.isEmpty { wrong("a move of \(service.id) was never told how it ended") }
            if !service.holders.isEmpty { wrong("\(service.holders.keys) of \(service.id) are held at the end") }
            if !service.activations.isEmpty { wrong("\(service.active) of \(service.id) have routes at the end") }
            for view in views where !view[service.index].activations.isEmpty {
                wrong("a loop knows activations of \(service.id) at the end")
            }
            for instance in service.instances.values where instance.gate.inside != 0 {
                wrong("\(instance.gate.inside) calls are inside \(instance.id) at the end")
            }
            guard let machine = service.machine else {
                if service.processes > 0 { wrong("instances of \(service.id) run, which is removed") }
                continue
            }
            if machine.resources.count > 0 { wrong("\(machine.resources.count) resources of \(service.id) are left") }
            let wanted = machine.instances.liveVersion == nil ? 0 : service.bounds.clamped(0)
            let ready = machine.instances.readyInstances
            // Of a program that has the one port, there is never more than one.
            let needsPort = machine.instances.liveVersion.flatMap { service.versions[$0]?.candidate.needsPort } == true
            let expected = needsPort ? min(wanted, max(1, ready.count)) : wanted
            if ready.count != expected || machine.instances.instances.count != ready.count
                || service.processes != ready.count
            {
                wrong(
                    "\(service.id) has \(ready.count) instances ready, \(machine.instances.instances.count) in all and "
                        + "\(service.processes) processes at the end, not \(expected)")
            }
        }
    }
}
