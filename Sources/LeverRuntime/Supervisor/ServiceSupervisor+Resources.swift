import LeverCore
import LeverRouter
import LeverTransport
import NIOCore

// Resources: what the directory decides about them.
extension ServiceSupervisor {
    func carryOut(_ action: ResourceDirectory.Action) {
        switch action {
        case .sendNewResource(let resource, let activation): sendNewResource(resource, activation)
        case .activate(let resource, let activation): activate(resource, activation)
        case .releaseWaiters(let resource): context.router.waitingRoom.release(service, resource: resource)
        case .failWaiters(let resource, let error):
            context.router.waitingRoom.release(service, resource: resource, failing: error)
        case .closeGate(let resource, let epoch, let how): closeGate(resource, epoch, how)
        case .endChannels(let resource, let epoch, let error): end(.channels, resource, epoch, error)
        case .endCalls(let resource, let epoch, let error): end(.all, resource, epoch, error)
        case .sendCloseResource(let resource, let activation): sendCloseResource(resource, activation)
        case .forget(let resource, let epoch): forget(resource, epoch)
        case .drainInstanceAndKill(let instance, let why): note(.resourceStuck, instance, why)
        case .moved(let resource, let activation):
            note(.resourceMoved, activation.instance, "resource \"\(resource.rawValue.prefix(64))\"")
            moveEnded(resource, .success(activation))
        case .moveFailed(let resource, let error): moveEnded(resource, .failure(error))
        case .wake(let time): setResourceWake(time)
        case .needInstance, .emptied, .stopped: break
        }
    }

    // MARK: Routes

    private func activate(_ resource: ResourceID, _ activation: Activation) {
        guard let instance = instances[activation.instance]?.route else { return }
        let route = ActivationRoute(resource: resource, epoch: activation.epoch, instance: instance)
        activations[resource] = route
        context.router.update { $0.activate(route) }
        lookSoon()
    }

    private func forget(_ resource: ResourceID, _ epoch: Epoch) {
        guard let route = activations[resource], route.epoch == epoch else { return }
        activations[resource] = nil
        context.router.update { $0.forget(resource, epoch: epoch, of: service) }
        closeIdle(on: route.instance.id)
    }

    private func closeGate(_ resource: ResourceID, _ epoch: Epoch, _ how: GateClosing) {
        guard let route = activations[resource], route.epoch == epoch else { return }
        let drained: @Sendable () -> Void = { [input] in input.yield(.resource(.drained(resource, epoch))) }
        switch how {
        case .ifIdle:
            if route.gate.closeIfIdle() { drained() } else { input.yield(.resource(.busy(resource, epoch))) }
        case .whenIdle: route.gate.closeWhenIdle(drained: drained)
        case .now: route.gate.close(drained: drained)
        }
    }

    private func end(_ kind: CallKind, _ resource: ResourceID, _ epoch: Epoch, _ error: RPCError) {
        guard let route = activations[resource], route.epoch == epoch else { return }
        context.router.end(kind, of: route, with: error)
    }

    /// Finds the resources that nobody has called for long. Each look goes over all of them.
    func lookAtIdleResources(_ now: ContinuousClock.Instant) {
        let timeout = context.bounds.resources.resourceIdleTimeout
        guard !activations.isEmpty, now - lastIdleLook >= min(.seconds(5), timeout / 4) else { return }
        lastIdleLook = now
        let clock = NIODeadline.now()
        idleRoutes = [:]
        for route in activations.values where route.idleTime(at: clock) >= timeout {
            idleRoutes[route.instance.id, default: []].append(route)
        }
        for instance in Array(idleRoutes.keys) { closeIdle(on: instance) }
    }

    /// Has as many idle resources of an instance closed as may be on their way at once; each that is gone makes room for
    /// another.
    private func closeIdle(on instance: InstanceID) {
        while directory.mayGiveUp(instance), let route = idleRoutes[instance]?.popLast() {
            guard activations[route.resource] === route,
                route.idleTime(at: .now()) >= context.bounds.resources.resourceIdleTimeout
            else { continue }
            handle(.idle(route.resource, route.epoch))
        }
        if idleRoutes[instance]?.isEmpty == true { idleRoutes[instance] = nil }
    }

    private func moveEnded(_ resource: ResourceID, _ result: Result<Activation, RPCError>) {
        for waiting in moves.removeValue(forKey: resource) ?? [] { waiting.resume(returning: result) }
    }

    // MARK: Hooks

    private func sendNewResource(_ resource: ResourceID, _ activation: Activation) {
        let epoch = activation.epoch
        guard let route = instances[activation.instance]?.route else {
            let error = RPCError(.resourceUnavailable, "instance \(activation.instance) is gone")
            input.yield(.resource(.openNotBegun(resource, epoch, error)))
            input.yield(.resource(.callsWaiting(resource)))
            return
        }
        run { [context, service, input] in
            let answer = await ResourceHook.newResource.send(
                resource, epoch, term: context.term, to: route, of: service,
                within: context.bounds.resources.newResourceTimeout, over: context.router)
            switch answer {
            case .done: input.yield(.resource(.opened(resource, epoch)))
            case .failed(let error): input.yield(.resource(.openFailed(resource, epoch, error)))
            case .notBegun(let error):
                input.yield(.resource(.openNotBegun(resource, epoch, error)))
                // If there was no other instance, there may be one by then.
                try? await Task.sleep(for: ResourceHook.pause)
                input.yield(.resource(.callsWaiting(resource)))
            case .unanswered(let how): input.yield(.resource(.openUnanswered(resource, epoch, how: how)))
            }
        }
    }

    private func sendCloseResource(_ resource: ResourceID, _ activation: Activation) {
        let epoch = activation.epoch
        guard let route = instances[activation.instance]?.route else {
            input.yield(.resource(.closeUnanswered(resource, epoch, how: "instance \(activation.instance) is gone")))
            return
        }
        run { [context, service, input] in
            let timeout = context.bounds.resources.closeResourceTimeout
            let end = ContinuousClock.now + timeout
            var answer: ResourceHook.Answer
            repeat {
                answer = await ResourceHook.closeResource.send(
                    resource, epoch, term: context.term, to: route, of: service, within: timeout,
                    over: context.router)
                // What did not reach an instance that lives is asked again, over whichever way: it is no reason to end it.
                guard case .notBegun = answer, !route.isGone, ContinuousClock.now < end else { break }
            } while (try? await Task.sleep(for: ResourceHook.pause)) != nil
            switch answer {
            case .done, .failed: input.yield(.resource(.closeAnswered(resource, epoch)))
            case .notBegun(let error):
                input.yield(.resource(.closeUnanswered(resource, epoch, how: error.message)))
            case .unanswered(let how): input.yield(.resource(.closeUnanswered(resource, epoch, how: how)))
            }
        }
    }
}
