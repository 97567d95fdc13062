import LeverCore

// The supervisor of a service, as the real one is: what it hears, and what it does for each action.
extension HostWorld {
    func take(_ input: Input, _ service: SimulatedService) {
        switch input {
        case .machine(let event): handle(event, service)
        case .callsWait:
            service.callsWaitIsQueued = false
            if let machine = service.machine, machine.instances.readyInstances.isEmpty { lookNow(service) }
            handle(.instances(.callsWaiting), service)
        case .resourcesWait:
            let waiting = service.waitingResources
            service.waitingResources = []
            for resource in waiting { handle(.resources(.callsWaiting(resource)), service) }
        case .gateDrained(let id): gateDrained(id, service)
        case .timer(let number): if number == service.timer { handle(.instances(.timer), service) }
        case .resourceTimer(let number):
            if number == service.resourceTimer { handle(.resources(.timer), service) }
        case .look(let number): if number == service.look { look(service) }
        case .load: scale(service)
        case .takeOver(let version, let isRollback): takeOver(version, isRollback: isRollback, service)
        case .commit(let version): commit(version, service)
        }
    }

    /// Has the machine decide, carries the decisions out, and holds the guarantees against what has become of them.
    func handle(_ event: ServiceMachine.Event, _ service: SimulatedService) {
        guard service.machine != nil, fault == nil else { return }
        if case .instances(.ready(let id, _)) = event {
            service.instances[id]?.hasRoute = true
        }
        let before = service.machine?.instances.deployingVersion
        let actions = service.machine!.handle(event, at: now) { service.instances[$0]?.gate.inside ?? 0 }
        if !actions.isEmpty { note(.actions(service, actions)) }
        allow(event, actions, deployingBefore: before, service)
        for action in actions where fault == nil {
            switch action {
            case .instances(let action): carryOut(action, service)
            case .resources(let action): carryOut(action, service)
            case .askGate(let id): askGate(id, service)
            }
        }
        switch event {
        case .instances(.exited(let id, _)):
            service.instances[id] = nil
            forgetVersions(service)
            lookSoon(service)
        case .instances(.ready(let id, _)):
            if service.known(id)?.state == .ready { lookSoon(service) }
        default: break
        }
        check(service)
    }

    private func carryOut(_ action: ServiceController.Action, _ service: SimulatedService) {
        switch action {
        case .start(let id, let version): start(id, version, service)
        case .startTimedOut(let id):
            trouble(service)
            tell(service, .machine(.instances(.startFailed(id, how: "it did not answer in time"))))
        case .publish: publish(service)
        case .drain(let id):
            count("drained")
            askGate(id, service)
        case .undrain(let id):
            count("undrained")
            service.instances[id]?.gate.reopen()
        case .endCalls(let id):
            guard let instance = service.instances[id], instance.hasRoute else { return }
            checkMayEndCalls(instance)
            let error = RPCError(.instanceDied, "instance \(id) is being replaced; the call's time was over")
            postToAll(.end(.callsWithoutResource, instance, nil, error))
        case .terminate(let id): terminate(id, service)
        case .kill(let id): kill(id, service)
        case .failWaiting(let error):
            checkMayFailWaiting(error, service)
            release(service, nil, error)
        case .commit(let version): record(version, service)
        case .deployed(let version, let request): deployed(version, request, service)
        case .deploymentFailed(let version, let request, let error): deploymentFailed(version, request, error, service)
        case .wake(let time):
            service.timer += 1
            let input = Input.timer(service.timer)
            add(
                .input(service, run: service.run, input), after: max(.zero, time - now) + .microseconds(pick(0...2_000))
            )
        case .stopped: stopped(service)
        }
    }

    // MARK: Gates of instances

    private func askGate(_ id: InstanceID, _ service: SimulatedService) {
        guard service.known(id)?.state == .draining else { return }
        if let instance = service.instances[id], instance.hasRoute {
            instance.gate.close { [unowned self] in tell(service, .gateDrained(id)) }
        } else {
            tell(service, .gateDrained(id))
        }
    }

    func gateDrained(_ id: InstanceID, _ service: SimulatedService) {
        if let instance = service.instances[id], instance.hasRoute,
            !instance.gate.isClosed || instance.gate.inside > 0
        {
            return
        }
        handle(.gateDrained(id), service)
    }

    // MARK: Routes

    private func publish(_ service: SimulatedService) {
        guard let machine = service.machine, let live = machine.instances.liveVersion, service.versions[live] != nil
        else { return }
        let routes = machine.instances.readyInstances.compactMap { ready in
            service.instances[ready.id].flatMap { $0.hasRoute ? $0 : nil }
        }
        for route in routes where route.version.number != live {
            wrong("version \(route.version.number) is published, while \(live) is live")
        }
        if !service.isEnding { postToAll(.route(service, routes)) }
        if !routes.isEmpty { release(service, nil) }
    }

    // MARK: The end of a service

    private func stopped(_ service: SimulatedService) {
        count("removed services")
        for instance in processes where instance.service === service {
            wrong("\(service.id) is said to have stopped, but instance \(instance.id) is there")
        }
        for (request, _) in service.pending.sorted(by: { $0.key < $1.key }) {
            // As the supervisor's loop does when it ends.
            service.pending[request] = nil
        }
        service.epochs = service.machine?.resources.epochs
        service.catalogLive = nil
        service.acknowledged = nil
        service.wasLive = []
        forgetMachine(service)
        postToAll(.removed(service))
        releaseAll(service, RPCError(.shuttingDown, "service \(service.id) is being stopped"))
    }

    /// Forgets what a supervisor keeps.
    func forgetMachine(_ service: SimulatedService) {
        service.machine = nil
        service.run += 1
        service.instances = [:]
        service.versions = [:]
        service.activations = [:]
        service.active = []
        service.callsWaitIsQueued = false
        service.waitingResources = []
        service.moves = [:]
        service.hasLook = false
        service.isLooking = false
        service.ownBounds = nil
        service.isEnding = false
    }

    func makeMachine(_ service: SimulatedService, live: SimulatedVersion?) {
        service.run += 1
        if let live { service.versions[live.number] = live }
        service.policy = makePolicy()
        service.machine = ServiceMachine(
            instances: ServiceController(
                service: service.id, live: live?.candidate, idPrefix: "\(service.id.service)-\(term)-\(service.run)",
                configuration: life),
            resources: ResourceDirectory(
                service: service.id, liveVersion: live?.number, epochs: service.epochs ?? EpochGenerator(term: term),
                placement: service.index % 2 == 0 ? LeastLoadedPlacement() : RendezvousPlacement(),
                configuration: resources))
    }
}
