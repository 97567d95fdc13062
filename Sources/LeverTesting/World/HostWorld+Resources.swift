internal import LeverCore

// Resources: what the supervisor does about them, and how instances answer its hooks.
extension HostWorld {
    func carryOut(_ action: ResourceDirectory.Action, _ service: WorldService) {
        switch action {
        case .sendNewResource(let resource, let activation): sendNewResource(resource, activation, service)
        case .activate(let resource, let activation): activate(resource, activation, service)
        case .releaseWaiters(let resource): release(service, resource)
        case .failWaiters(let resource, let error): release(service, resource, error)
        case .closeGate(let resource, let epoch, let how): closeGate(resource, epoch, how, service)
        case .endChannels(let resource, let epoch, let error):
            end(resource, epoch, error, service) { $0.isChannel }
        case .endCalls(let resource, let epoch, let error): end(resource, epoch, error, service) { _ in true }
        case .sendCloseResource(let resource, let activation): sendCloseResource(resource, activation, service)
        case .forget(let resource, let epoch):
            guard route(resource, epoch, service) != nil else { return }
            note(.resourceGivenUp, service, nil, "resource \"\(resource)\", epoch \(epoch)")
            service.activations[resource] = nil
            service.active.removeAll { $0 == resource }
        case .drainInstanceAndKill(let instance, let why): note(.resourceStuck, service, instance, why)
        case .moved(let resource, let activation):
            for outcome in service.moves.removeValue(forKey: resource) ?? [] { outcome.finish(.success(activation)) }
        case .moveFailed(let resource, let error):
            for outcome in service.moves.removeValue(forKey: resource) ?? [] { outcome.finish(.failure(error)) }
        case .wake(let time):
            if let timer = service.resourceTimer { clock.unschedule(timer) }
            service.resourceTimer = schedule(at: time) { world in
                service.resourceTimer = nil
                world.tell(service, .timer as ResourceDirectory.Event)
            }
        case .needInstance, .emptied, .stopped: break
        }
    }

    // MARK: Routes

    private func route(_ resource: ResourceID, _ epoch: Epoch, _ service: WorldService) -> WorldActivation? {
        service.activations[resource].flatMap { $0.epoch == epoch ? $0 : nil }
    }

    private func activate(_ resource: ResourceID, _ activation: Activation, _ service: WorldService) {
        guard let instance = service.instances[activation.instance] else { return }
        note(.resourceActivated, service, instance.id, "resource \"\(resource)\", epoch \(activation.epoch)")
        service.activations[resource] = WorldActivation(resource, activation.epoch, instance, at: now)
        service.active.append(resource)
        lookSoon(service)
    }

    private func closeGate(_ resource: ResourceID, _ epoch: Epoch, _ how: GateClosing, _ service: WorldService) {
        guard let route = route(resource, epoch, service) else { return }
        let drained: () -> Void = { [unowned self] in tell(service, .drained(resource, epoch)) }
        switch how {
        case .ifIdle: if route.gate.closeIfIdle() { drained() } else { tell(service, .busy(resource, epoch)) }
        case .whenIdle: route.gate.closeWhenIdle(drained: drained)
        case .now: route.gate.close(drained: drained)
        }
    }

    private func end(
        _ resource: ResourceID, _ epoch: Epoch, _ error: RPCError, _ service: WorldService,
        where isConcerned: (WorldCall) -> Bool
    ) {
        guard let route = route(resource, epoch, service) else { return }
        for call in route.instance.calls where call.activation === route && isConcerned(call) {
            end(call, .failure(error))
        }
    }

    /// Finds the resources that nobody has called for long.
    func lookAtIdleResources(_ service: WorldService) {
        let timeout = configuration.resources.resourceIdleTimeout
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

    private func sendNewResource(_ resource: ResourceID, _ activation: Activation, _ service: WorldService) {
        let epoch = activation.epoch
        guard let instance = service.instances[activation.instance], instance.isAlive, let handler = instance.handler
        else {
            let error = RPCError(.resourceUnavailable, "instance \(activation.instance) is gone")
            tell(service, .openNotBegun(resource, epoch, error))
            return tell(service, .callsWaiting(resource))
        }
        if let index = service.resourceFaults.firstIndex(where: { $0.resource ?? resource == resource }) {
            let fault = service.resourceFaults[index]
            service.resourceFaults[index].times -= 1
            if fault.times <= 1 { service.resourceFaults.remove(at: index) }
            note(.fault, service, instance.id, "NewResource of \"\(resource)\" fails: \(fault.error)")
            return tell(service, .openFailed(resource, epoch, RPCError(.resourceUnavailable, fault.error)))
        }
        let witness = witness
        run(instance) { host in
            await instance.link.pass()
            witness.taken(resource, of: service.id, by: instance.id, epoch: epoch)
            let answer = await Self.callHook(.newResource, resource, epoch, handler, instance, witness)
            if case .failed = answer { witness.released(resource, of: service.id, by: instance.id, epoch: epoch) }
            await instance.link.pass()
            host.act { world in
                switch answer {
                case .done: world.tell(service, .opened(resource, epoch))
                case .failed(let error): world.tell(service, .openFailed(resource, epoch, error))
                case .unanswered(let how): world.tell(service, .openUnanswered(resource, epoch, how: how))
                }
            }
        }
    }

    private func sendCloseResource(_ resource: ResourceID, _ activation: Activation, _ service: WorldService) {
        let epoch = activation.epoch
        guard let instance = service.instances[activation.instance], instance.isAlive, let handler = instance.handler
        else {
            return tell(
                service, .closeUnanswered(resource, epoch, how: "instance \(activation.instance) is gone"))
        }
        let witness = witness
        run(instance) { host in
            await instance.link.pass()
            let answer = await Self.callHook(.closeResource, resource, epoch, handler, instance, witness)
            if case .unanswered = answer {
            } else {
                witness.released(resource, of: service.id, by: instance.id, epoch: epoch)
            }
            await instance.link.pass()
            host.act { world in
                switch answer {
                case .done, .failed: world.tell(service, .closeAnswered(resource, epoch))
                case .unanswered(let how): world.tell(service, .closeUnanswered(resource, epoch, how: how))
                }
            }
        }
    }

    private enum HookAnswer {
        case done
        case failed(RPCError)
        case unanswered(how: String)
    }

    private static func callHook(
        _ method: MethodName, _ resource: ResourceID, _ epoch: Epoch, _ handler: any RPCHandler,
        _ instance: WorldInstance, _ witness: ActivationWitness
    ) async -> HookAnswer {
        let id = instance.service.id
        let context = CallContext(
            url: LeverURL(environment: id.environment, service: id.service, method: method), epoch: epoch.rawValue)
        let maker = CallMaker(environment: id.environment, callID: "", link: instance.link, deadline: nil)
        do {
            let reply = try await CallMaker.$current.withValue(maker) {
                try await handler.call(context, .values([.string(resource.rawValue)]))
            }
            switch reply {
            case .error(let value):
                return .failed(RPCError(.resourceUnavailable, value.stringValue ?? value.json()))
            case .errorBytes: return .failed(RPCError(.resourceUnavailable, "the method's error is bytes"))
            case .result, .bytes: return .done
            }
        } catch {
            let error = RPCError.thrown(error, by: context)
            switch error.code {
            case .unimplemented:
                witness.hasNoHooks(id)
                return .done
            // The instance has given up waiting, which says nothing about its handlers.
            case .deadlineExceeded, .cancelled, .unavailable, .resourceExhausted: return .unanswered(how: error.message)
            default: return .failed(error)
            }
        }
    }
}
