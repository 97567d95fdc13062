import LeverCore
import LeverRouter
import NIOCore

// How many instances there are.
extension ServiceSupervisor {
    /// The bounds that hold now.
    var bounds: ScalingBounds {
        if let ownBounds { return ownBounds }
        guard let live = controller.liveVersion, let version = versions[live] else { return ScalingBounds() }
        return ScalingBounds(version.manifest)
    }

    /// Whether there is anything to look at: a service that does not run and need not costs nothing.
    private var isAwake: Bool {
        !controller.instances.isEmpty || bounds.minInstances > 0 && controller.liveVersion != nil
    }

    /// Looks at the load after the usual time, unless that is going to happen already.
    func lookSoon() {
        guard lookTimer == nil, isAwake else { return }
        lookTimer = timers.scheduleTask(in: TimeAmount(context.bounds.scalingInterval)) { [input] in
            _ = input.yield(.look)
        }
    }

    /// Looks at the load at once, unless it has just been looked at: calls may come by the thousand while an instance starts.
    func lookNow() {
        guard ContinuousClock.now - lastLook >= context.bounds.scalingInterval / 10 else { return lookSoon() }
        lookTimer?.cancel()
        lookTimer = nil
        takeLoad()
    }

    func look() {
        lookTimer = nil
        lookAtIdleResources(.now)
        lookAtDraining()
        takeLoad()
    }

    private func takeLoad() {
        guard !isLooking else { return }
        isLooking = true
        lastLook = .now
        run { [context, service, input] in
            input.yield(.load(await context.router.takeLoad(of: service)))
        }
    }

    func scale(_ load: ServiceLoad) {
        isLooking = false
        defer { lookSoon() }
        guard let live = controller.liveVersion else { return }
        let bounds = bounds
        var sample = ScalingSample(at: .now, interval: load.interval, bounds: bounds)
        sample.calls = load.calls
        sample.channels = load.channels
        sample.waiting = context.router.waitingRoom.count(service)
        sample.arrivalRate = load.interval > .zero ? Double(load.begun) / (load.interval / .seconds(1)) : 0
        sample.completed = load.completed
        sample.completedTime = load.completedTime
        sample.startTime = controller.lastStartTime
        sample.instances = controller.instances.filter { $0.version == live }.map { instance in
            // One that is silent carries no load, and does not come back because it is wanted.
            ScalingSample.Instance(
                id: instance.id, state: instance.isResponsive ? instance.state : .draining,
                calls: instances[instance.id]?.route?.gate.inFlight ?? 0,
                resources: directory.resourceCount(on: instance.id),
                mayReturn: instance.isResponsive && instance.mayReturn)
        }
        let directive = policy.decide(sample)
        let desired = bounds.clamped(directive.desired)
        let plan = ScalingPlan(
            ScalingDirective(desired: desired, reason: directive.reason), instances: sample.instances)
        guard !plan.isEmpty else { return }
        let from = sample.ready + sample.starting
        let before = controller.instances.count
        handle(.scale(plan))
        // During a back-off nothing starts, and there is nothing to tell.
        guard controller.instances.count != before || !plan.drain.isEmpty || !plan.undrain.isEmpty else { return }
        note(.scaled, "from \(from) to \(desired): \(directive.reason)")
    }
}
