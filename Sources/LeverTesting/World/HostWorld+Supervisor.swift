internal import LeverCore

// What the supervisor of a service hears, and what it does for each action.
extension HostWorld {
    func take(_ input: Input, _ service: WorldService) {
        switch input {
        case .machine(let event):
            handle(event, service)
        case .gateDrained(let id):
            if let instance = service.instances[id], instance.hasRoute,
                !instance.gate.isClosed || instance.gate.inside > 0
            {
                return
            }
            handle(.gateDrained(id), service)
        case .callsWait:
            service.callsWaitIsQueued = false
            if service.machine.instances.readyInstances.isEmpty { lookNow(service) }
            handle(.instances(.callsWaiting), service)
        case .resourceCallsWait(let resource):
            service.resourcesQueued.remove(resource)
            handle(.resources(.callsWaiting(resource)), service)
        }
    }

    func handle(_ event: ServiceMachine.Event, _ service: WorldService) {
        let actions = service.machine.handle(event, at: now) { service.instances[$0]?.gate.inside ?? 0 }
        for action in actions {
            switch action {
            case .instances(let action): carryOut(action, service)
            case .resources(let action): carryOut(action, service)
            case .askGate(let id): askGate(id, service)
            }
        }
        switch event {
        case .instances(.exited(let id, let how)): forget(id, how, service)
        case .instances(.ready(let id, _)):
            guard let instance = service.known(id), instance.state == .ready else { return }
            note(.instanceReady, service, id, "version \(instance.version)")
            lookSoon(service)
        default: break
        }
    }

    private func carryOut(_ action: ServiceController.Action, _ service: WorldService) {
        switch action {
        case .start(let id, let version): start(id, version, service)
        case .startTimedOut(let id):
            tell(
                service,
                .startFailed(id, how: "it did not answer within \(configuration.life.instanceStartTimeout)"))
        case .publish: publish(service)
        case .drain(let id):
            let isUnneeded = service.known(id)?.mayReturn ?? false
            note(
                .instanceDraining, service, id, isUnneeded ? "it is not needed for the load" : "it is replaced or ends")
            askGate(id, service)
        case .undrain(let id): service.instances[id]?.gate.reopen()
        case .endCalls(let id):
            let error = RPCError(
                .instanceDied, "instance \(id) of \(service.id) is being replaced; the call's time was over")
            for call in service.instances[id]?.calls ?? [] where !call.isChannel && call.activation == nil {
                end(call, .failure(error))
            }
        case .terminate(let id): terminate(id, service)
        case .kill(let id): kill(id, service)
        case .failWaiting(let error): release(service, nil, error)
        case .commit(let version):
            if service.history.last != version { service.history.append(version) }
            tell(service, .committed(version: version))
        case .deployed(let version, let request):
            note(.versionLive, service, nil, "version \(version)")
            service.deployments.removeValue(forKey: request)?.finish(.success(version))
            // The load of another version says little about this one's.
            service.policy = configuration.makePolicy(service.id)
            forgetVersions(service)
        case .deploymentFailed(let version, let request, let error):
            note(.deploymentFailed, service, nil, "version \(version): \(error.message)")
            service.deployments.removeValue(forKey: request)?.finish(.failure(error))
            forgetVersions(service)
        case .wake(let time):
            if let timer = service.timer { clock.unschedule(timer) }
            service.timer = schedule(at: time) { world in
                service.timer = nil
                world.tell(service, .timer as ServiceController.Event)
            }
        case .stopped: stopped(service)
        }
    }

    // MARK: Gates and routes

    private func askGate(_ id: InstanceID, _ service: WorldService) {
        guard service.known(id)?.state == .draining else { return }
        if let instance = service.instances[id], instance.hasRoute {
            instance.gate.close { [unowned self] in tell(service, .gateDrained(id)) }
        } else {
            tell(service, .gateDrained(id))
        }
    }

    private func publish(_ service: WorldService) {
        service.routes = service.machine.instances.readyInstances.compactMap { ready in
            service.instances[ready.id].flatMap { $0.hasRoute ? $0 : nil }
        }
        if !service.routes.isEmpty { release(service, nil) }
    }

    // MARK: Ends

    private func forgetVersions(_ service: WorldService) {
        // A rollback may want any that was live; the rest is only kept while it is needed.
        var needed = Set(service.machine.instances.instances.map(\.version)).union(service.history)
        if let next = service.machine.instances.deployingVersion { needed.insert(next) }
        guard service.deployments.isEmpty else { return }
        service.versions = service.versions.filter { needed.contains($0.key) }
    }

    private func forget(_ id: InstanceID, _ how: String, _ service: WorldService) {
        note(.instanceEnded, service, id, how)
        service.instances[id] = nil
        service.routes.removeAll { $0.id == id }
        forgetVersions(service)
        lookSoon(service)
    }

    private func stopped(_ service: WorldService) {
        note(.serviceRemoved, service, nil, "nothing of it runs any more")
        services.removeAll { $0 === service }
        removedEpochs[service.id] = service.machine.resources.epochs
        removedVersions[service.id] = service.newestVersion
        for timer in [service.timer, service.resourceTimer, service.lookTimer] {
            if let timer { clock.unschedule(timer) }
        }
        let error = RPCError(.shuttingDown, "service \(service.id) is being stopped")
        for call in service.waiting.values.joined().sorted(by: { $0.number < $1.number }) { end(call, .failure(error)) }
        for (_, outcome) in service.deployments { outcome.finish(.failure(error)) }
        for outcome in service.moves.values.joined() { outcome.finish(.failure(error)) }
        for outcome in service.removals { outcome.finish(.success(())) }
        service.deployments = [:]
        service.moves = [:]
        service.removals = []
    }
}
