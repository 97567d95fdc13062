import LeverCore

// What happens to calls and instances.
extension Simulation {
    mutating func handle(_ event: Event) {
        switch event {
        case .tick:
            events.add(.tick, at: now + policy.interval)
            decide()
        case .ready(let index):
            becameReady(index)
        case .ended(let index, let isChannel, let duration):
            ended(index, isChannel: isChannel, duration: duration)
        }
    }

    mutating func arrive(_ call: Load.Call) {
        if call.isChannel { channelMeter.add(1, at: instant) } else { callMeter.add(1, at: instant) }
        arrived += 1
        count(call, 1)
        if ready.isEmpty {
            waiting.append(call)
            // The host asks at once when a call has nothing to wait for.
            if !alive.contains(where: { instances[$0].state == .starting }) { decide() }
        } else {
            give(call)
        }
    }

    private mutating func give(_ call: Load.Call) {
        let pick = PowerOfTwoChoices().pick(
            count: ready.count, load: { instances[ready[$0]].inProgress }, random: &random)
        let index = ready[pick]
        if call.isChannel {
            instances[index].channels += 1
            outcome.waited(now - call.at)
            events.add(.ended(instance: index, isChannel: true, duration: call.duration), at: now + call.duration)
        } else if instances[index].running < slots {
            begin(call, index)
        } else {
            instances[index].queue.append(call)
        }
    }

    private mutating func begin(_ call: Load.Call, _ index: Int) {
        instances[index].running += 1
        outcome.waited(now - call.at)
        // What the host can see of a call's duration includes its time in the instance's own queue.
        let seen = now - call.at + call.duration
        events.add(.ended(instance: index, isChannel: false, duration: seen), at: now + call.duration)
    }

    private mutating func ended(_ index: Int, isChannel: Bool, duration: Double) {
        let isReady = instances[index].state == .ready
        if isChannel {
            instances[index].channels -= 1
            channelMeter.add(-1, at: instant)
            if isReady { openChannels -= 1 }
        } else {
            instances[index].running -= 1
            callMeter.add(-1, at: instant)
            completed += 1
            completedTime += duration
            if isReady { openCalls -= 1 }
            if instances[index].head < instances[index].queue.count {
                let call = instances[index].queue[instances[index].head]
                instances[index].head += 1
                begin(call, index)
            } else {
                instances[index].queue.removeAll(keepingCapacity: true)
                instances[index].head = 0
            }
        }
        stopIfDrained(index)
    }

    private mutating func becameReady(_ index: Int) {
        guard instances[index].state == .starting else { return }
        instances[index].state = .ready
        startTimes.add(now - instances[index].born, for: .seconds(3))
        hasStarted = true
        takesCalls(index)
    }

    private mutating func takesCalls(_ index: Int) {
        ready.append(index)
        ready.sort()
        openCalls += instances[index].calls
        openChannels += instances[index].channels
        let calls = waiting
        waiting = []
        for call in calls { give(call) }
    }

    private mutating func count(_ call: Load.Call, _ change: Int) {
        if call.isChannel { openChannels += change } else { openCalls += change }
    }

    // MARK: Scaling

    var instant: ContinuousClock.Instant { epoch + .seconds(now) }

    mutating func decide() {
        let directive = policy.decide(sample())
        let plan = ScalingPlan(directive, instances: alive.map(state))
        for id in plan.undrain {
            guard let index = alive.first(where: { instances[$0].id == id }) else { continue }
            instances[index].state = .ready
            takesCalls(index)
        }
        for _ in 0..<plan.start { start() }
        for id in plan.drain {
            guard let index = alive.first(where: { instances[$0].id == id }) else { continue }
            drain(index)
        }
    }

    private mutating func sample() -> ScalingSample {
        let interval = now - sampled
        defer {
            sampled = now
            arrived = 0
            completed = 0
            completedTime = 0
        }
        return ScalingSample(
            at: instant, interval: .seconds(interval), calls: callMeter.takeMean(at: instant),
            channels: channelMeter.takeMean(at: instant), waiting: waiting.count,
            arrivalRate: interval > 0 ? Double(arrived) / interval : 0, completed: completed,
            completedTime: .seconds(completedTime), startTime: hasStarted ? .seconds(startTimes.mean) : nil,
            bounds: parameters.bounds, instances: alive.map(state))
    }

    private func state(_ index: Int) -> ScalingSample.Instance {
        .init(id: instances[index].id, state: instances[index].state, calls: instances[index].inProgress)
    }

    private mutating func start() {
        let index = instances.count
        instances.append(Instance(id: InstanceID("\(index)"), born: now))
        alive.append(index)
        let time = parameters.startTime * Double.random(in: 0.75...1.25, using: &random)
        events.add(.ready(index), at: now + time)
    }

    private mutating func drain(_ index: Int) {
        switch instances[index].state {
        case .ready:
            instances[index].state = .draining
            ready.removeAll { $0 == index }
            openCalls -= instances[index].calls
            openChannels -= instances[index].channels
            stopIfDrained(index)
        case .starting:
            instances[index].state = .draining
            stopIfDrained(index)
        case .draining, .stopping:
            break
        }
    }

    private mutating func stopIfDrained(_ index: Int) {
        guard instances[index].state == .draining, instances[index].inProgress == 0 else { return }
        instances[index].state = .stopping
        alive.removeAll { $0 == index }
    }
}
