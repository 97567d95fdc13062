import LeverCore

// How many instances there are: the look at the load each second.
extension HostWorld {
    private func isAwake(_ service: SimulatedService) -> Bool {
        guard let machine = service.machine else { return false }
        return !machine.instances.instances.isEmpty
            || service.bounds.minInstances > 0 && machine.instances.liveVersion != nil
    }

    func lookSoon(_ service: SimulatedService) {
        guard !service.hasLook, isAwake(service) else { return }
        service.hasLook = true
        service.look += 1
        add(.input(service, run: service.run, .look(service.look)), in: 1_000_000 + pick(0...2_000))
    }

    func lookNow(_ service: SimulatedService) {
        service.hasLook = false
        service.look += 1
        takeLoad(service)
    }

    func look(_ service: SimulatedService) {
        service.hasLook = false
        lookAtIdleResources(service)
        for instance in service.machine?.instances.instances ?? [] where instance.state == .draining {
            gateDrained(instance.id, service)
        }
        takeLoad(service)
    }

    private func takeLoad(_ service: SimulatedService) {
        guard !service.isLooking else { return }
        service.isLooking = true
        tell(service, .load)
    }

    func scale(_ service: SimulatedService) {
        service.isLooking = false
        check(service)
        defer { lookSoon(service) }
        guard let machine = service.machine, let live = machine.instances.liveVersion else { return }
        let bounds = service.bounds
        let interval = now - service.loadTaken
        service.loadTaken = now
        var sample = ScalingSample(at: now, interval: interval, bounds: bounds)
        sample.calls = service.calls.takeMean(at: now)
        sample.channels = service.channels.takeMean(at: now)
        sample.waiting = service.waitingCount
        sample.arrivalRate = interval > .zero ? Double(service.begun) / (interval / .seconds(1)) : 0
        service.begun = 0
        sample.startTime = machine.instances.lastStartTime
        sample.instances = machine.instances.instances.filter { $0.version == live }.map { instance in
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
        count("scaled")
        handle(.instances(.scale(plan)), service)
    }
}
