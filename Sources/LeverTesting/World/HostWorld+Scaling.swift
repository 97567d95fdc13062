internal import LeverCore

// How many instances there are: the look at the load each second.
extension HostWorld {
    private func isAwake(_ service: WorldService) -> Bool {
        !service.machine.instances.instances.isEmpty
            || service.bounds.minInstances > 0 && service.machine.instances.liveVersion != nil
    }

    func lookSoon(_ service: WorldService) {
        guard service.lookTimer == nil, isAwake(service), services.contains(where: { $0 === service }) else { return }
        service.lookTimer = schedule(at: now + configuration.scalingInterval) { world in
            service.lookTimer = nil
            world.lookAtIdleResources(service)
            for instance in service.machine.instances.instances where instance.state == .draining {
                world.take(.gateDrained(instance.id), service)
            }
            world.scale(service)
        }
    }

    func lookNow(_ service: WorldService) {
        guard now - service.lastLook >= configuration.scalingInterval / 10 else { return lookSoon(service) }
        if let timer = service.lookTimer { clock.unschedule(timer) }
        service.lookTimer = nil
        scale(service)
    }

    private func scale(_ service: WorldService) {
        let interval = now - service.lastLook
        service.lastLook = now
        defer { lookSoon(service) }
        let machine = service.machine
        guard let live = machine.instances.liveVersion else { return }
        let bounds = service.bounds
        var sample = ScalingSample(at: now, interval: interval, bounds: bounds)
        sample.calls = service.calls.takeMean(at: now)
        sample.channels = service.channels.takeMean(at: now)
        sample.waiting = service.waitingCount
        sample.arrivalRate = interval > .zero ? Double(service.begun) / (interval / .seconds(1)) : 0
        sample.completed = service.completed
        sample.completedTime = service.completedTime
        (service.begun, service.completed, service.completedTime) = (0, 0, .zero)
        sample.startTime = machine.instances.lastStartTime
        sample.instances = machine.instances.instances.filter { $0.version == live }.map { instance in
            // One that is silent carries no load, and does not come back because it is wanted.
            ScalingSample.Instance(
                id: instance.id, state: instance.isResponsive ? instance.state : .draining,
                calls: service.instances[instance.id]?.gate.inside ?? 0,
                resources: machine.resources.resourceCount(on: instance.id),
                mayReturn: instance.isResponsive && instance.mayReturn)
        }
        let directive = service.policy.decide(sample)
        let desired = bounds.clamped(directive.desired)
        let plan = ScalingPlan(
            ScalingDirective(desired: desired, reason: directive.reason), instances: sample.instances)
        guard !plan.isEmpty else { return }
        let before = machine.instances.instances.count
        handle(.instances(.scale(plan)), service)
        guard
            service.machine.instances.instances.count != before || !plan.drain.isEmpty || !plan.undrain.isEmpty
        else { return }
        note(.scaled, service, nil, "from \(sample.ready + sample.starting) to \(desired): \(directive.reason)")
    }
}
