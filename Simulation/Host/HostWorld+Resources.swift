import LeverCore

// What the supervisor does about resources, and how instances answer its hooks.
extension HostWorld {
    func carryOut(_ action: ResourceDirectory.Action, _ service: SimulatedService) {
        switch action {
        case .sendNewResource(let resource, let activation): sendNewResource(resource, activation, service)
        case .activate(let resource, let activation): activate(resource, activation, service)
        case .releaseWaiters(let resource): release(service, resource)
        case .failWaiters(let resource, let error): release(service, resource, error)
        case .closeGate(let resource, let epoch, let how): closeGate(resource, epoch, how, service)
        case .endChannels(let resource, let epoch, let error):
            guard let route = route(resource, epoch, service) else { return }
            checkMayHoldBack(route)
            route.heldBackSince = now
            postToAll(.end(.channels, route.instance, route, error))
        case .endCalls(let resource, let epoch, let error):
            guard let route = route(resource, epoch, service) else { return }
            checkMayEndCalls(route)
            route.isEnded = true
            trouble(service)
            postToAll(.end(.all, route.instance, route, error))
        case .sendCloseResource(let resource, let activation): sendCloseResource(resource, activation, service)
        case .forget(let resource, let epoch): forget(resource, epoch, service)
        case .drainInstanceAndKill:
            count("condemned")
            trouble(service)
        case .moved(let resource, _):
            count("moved")
            moveEnded(resource, service)
        case .moveFailed(let resource, let error):
            checkReason(error)
            count("moves failed")
            moveEnded(resource, service)
        case .wake(let time):
            service.resourceTimer += 1
            let input = Input.resourceTimer(service.resourceTimer)
            add(
                .input(service, run: service.run, input), after: max(.zero, time - now) + .microseconds(pick(0...2_000))
            )
        case .needInstance, .emptied: wrong("\(action) leaves the machine")
        case .stopped: break
        }
    }

    private func route(
        _ resource: ResourceID, _ epoch: Epoch, _ service: SimulatedService
    ) -> SimulatedActivation? {
        service.activations[resource].flatMap { $0.epoch == epoch ? $0 : nil }
    }

    // MARK: Routes

    private func activate(_ resource: ResourceID, _ activation: Activation, _ service: SimulatedService) {
        guard let instance = service.instances[activation.instance], instance.hasRoute else { return }
        if service.activations[resource] != nil { wrong("\(resource) is activated beside an older route") }
        let route = SimulatedActivation(resource, activation.epoch, instance, at: now)
        service.activations[resource] = route
        service.active.append(resource)
        count("activations")
        postToAll(.activated(route))
        lookSoon(service)
    }

    private func forget(_ resource: ResourceID, _ epoch: Epoch, _ service: SimulatedService) {
        guard route(resource, epoch, service) != nil else { return }
        service.activations[resource] = nil
        service.active.removeAll { $0 == resource }
        postToAll(.forgotten(service, resource, epoch))
    }

    private func closeGate(
        _ resource: ResourceID, _ epoch: Epoch, _ how: GateClosing, _ service: SimulatedService
    ) {
        guard let route = route(resource, epoch, service) else { return }
        let drained: () -> Void = { [unowned self] in answer(.drained(resource, epoch), service) }
        switch how {
        case .ifIdle: if route.gate.closeIfIdle() { drained() } else { answer(.busy(resource, epoch), service) }
        case .whenIdle: route.gate.closeWhenIdle(drained: drained)
        case .now: route.gate.close(drained: drained)
        }
    }

    private func moveEnded(_ resource: ResourceID, _ service: SimulatedService) {
        guard let waiting = service.moves[resource], waiting > 0 else {
            wrong("a move of \(resource) of \(service.id) ended that nobody asked for")
            return
        }
        service.moves[resource] = nil
    }

    /// Tells the directory something, and in a rough world sometimes twice.
    private func answer(
        _ event: ResourceDirectory.Event, _ service: SimulatedService, within microseconds: Int = 3_000
    ) {
        tell(service, .machine(.resources(event)), within: microseconds)
        guard mishap(4) else { return }
        count("told twice")
        tell(service, .machine(.resources(event)), within: 40_000_000)
    }

    func lookAtIdleResources(_ service: SimulatedService) {
        let timeout = resources.resourceIdleTimeout
        guard !service.activations.isEmpty, now - service.lastIdleLook >= min(.seconds(5), timeout / 4) else { return }
        service.lastIdleLook = now
        for resource in service.active {
            guard let route = service.activations[resource], route.gate.inside == 0,
                now - route.gate.lastLeft >= timeout
            else { continue }
            handle(.resources(.idle(resource, route.epoch)), service)
        }
    }

    // MARK: Hooks

    private func sendNewResource(_ resource: ResourceID, _ activation: Activation, _ service: SimulatedService) {
        checkNewResource(resource, activation, service)
        let epoch = activation.epoch
        let refused = ResourceDirectory.Event.openNotBegun(
            resource, epoch, RPCError(.resourceUnavailable, "connection refused"))
        guard let instance = service.instances[activation.instance], instance.hasRoute, instance.isAlive else {
            trouble(service)
            return isNotBegun(resource, refused, service)
        }
        if mishap(2) {
            trouble(service)
            return isNotBegun(resource, refused, service)
        }
        service.holders[resource, default: [:]][instance.id] = epoch
        let lost = ResourceDirectory.Event.openUnanswered(resource, epoch, how: "the connection ended")
        // The hook has a deadline of its own.
        add(
            .input(
                service, run: service.run,
                .machine(.resources(.openUnanswered(resource, epoch, how: "it was not answered in time")))),
            after: resources.newResourceTimeout + .microseconds(pick(0...3_000)))
        guard mishap(9) else {
            return add(.instance(instance, .answer(.opened(resource, epoch), resource, epoch)), in: pick(500...400_000))
        }
        trouble(service)
        switch pick(0...5) {
        case 0:
            add(.instance(instance, .answer(.opened(resource, epoch), resource, epoch)), in: pick(10...60) * 1_000_000)
        case 1:
            let event = ResourceDirectory.Event.openFailed(
                resource, epoch, RPCError(.resourceUnavailable, "the method's own error"))
            add(.instance(instance, .answer(event, resource, epoch)), in: pick(500...400_000))
        case 2: answer(lost, service)
        case 3: add(.instance(instance, .dies), in: pick(0...500_000))
        default: count("NewResource hangs")
        }
    }

    /// Another instance is tried, and a little later the same one again where there is no other.
    private func isNotBegun(
        _ resource: ResourceID, _ event: ResourceDirectory.Event, _ service: SimulatedService
    ) {
        answer(event, service)
        add(.input(service, run: service.run, .machine(.resources(.callsWaiting(resource)))), in: 50_000)
    }

    private func sendCloseResource(_ resource: ResourceID, _ activation: Activation, _ service: SimulatedService) {
        let epoch = activation.epoch
        checkCloseResource(resource, epoch, service)
        guard let instance = service.instances[activation.instance], instance.hasRoute, instance.isAlive else {
            trouble(service)
            return answer(.closeUnanswered(resource, epoch, how: "connection refused"), service)
        }
        add(
            .input(
                service, run: service.run,
                .machine(.resources(.closeUnanswered(resource, epoch, how: "it was not answered in time")))),
            after: resources.closeResourceTimeout + .microseconds(pick(0...3_000)))
        let event = ResourceDirectory.Event.closeAnswered(resource, epoch)
        guard mishap(9) else {
            return add(.instance(instance, .answer(event, resource, epoch)), in: pick(500...300_000))
        }
        trouble(service)
        switch pick(0...4) {
        case 0...1: add(.instance(instance, .answer(event, resource, epoch)), in: pick(10...45) * 1_000_000)
        case 2: answer(.closeUnanswered(resource, epoch, how: "the connection ended"), service)
        case 3: add(.instance(instance, .dies), in: pick(0...500_000))
        default: count("CloseResource hangs")
        }
    }

    /// The instance answers a hook.
    func answers(
        _ event: ResourceDirectory.Event, _ resource: ResourceID, _ epoch: Epoch, _ instance: SimulatedInstance
    ) {
        guard instance.isAlive else { return }
        let service = instance.service
        if instance.isMute {
            return add(.instance(instance, .answer(event, resource, epoch)), after: milliseconds(500...1_500))
        }
        switch event {
        case .openFailed, .closeAnswered:
            if case .closeAnswered = event,
                instance.calls.contains(where: { $0.activation?.resource == resource && $0.activation?.epoch == epoch })
            {
                // Our SDKs answer when all handlers of the resource have returned.
                return add(.instance(instance, .answer(event, resource, epoch)), after: milliseconds(5...50))
            }
            if service.holders[resource]?[instance.id] == epoch { service.holders[resource]?[instance.id] = nil }
            if service.holders[resource]?.isEmpty == true { service.holders[resource] = nil }
        default: break
        }
        guard service.instances[instance.id] === instance else { return }
        answer(event, service)
    }
}
