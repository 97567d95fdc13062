import LeverCore

// Instances, as their driver and the service's supervisor see them.
extension HostWorld {
    enum InstanceStep {
        /// It answers for the first time.
        case answers
        case dies
        /// The connections of one that has died end.
        case connectionsEnd
        /// What was mute answers again.
        case speaks
        /// It is asked for a sign of life, while it gives none.
        case heartbeat
        case answer(ResourceDirectory.Event, ResourceID, Epoch)
    }

    func trouble(_ service: SimulatedService) {
        service.lastTrouble = now
    }

    // MARK: Coming

    func start(_ id: InstanceID, _ number: Int, _ service: SimulatedService) {
        guard let version = service.versions[number] else {
            wrong("\(id) is to run version \(number), whose code is forgotten")
            return
        }
        checkStart(id, version, service)
        let instance = SimulatedInstance(id: id, service: service, version: version, at: now, liveness: liveness)
        service.instances[id] = instance
        processes.append(instance)
        service.processes += 1
        mostProcesses = max(mostProcesses, processes.count)
        count("instances")
        let habit = isQuiet ? .good : mishap(3) ? SimulatedVersion.Habit.allCases[pick(1...4)] : version.habit
        if habit != .good { trouble(service) }
        switch habit {
        case .good: add(.instance(instance, .answers), after: milliseconds(100...3_000))
        case .slow: add(.instance(instance, .answers), after: milliseconds(3_000...20_000))
        case .exits: add(.instance(instance, .dies), after: milliseconds(10...5_000))
        case .hangs: break
        case .refuses:
            report(.startFailed(id, how: "it listens nowhere"), of: instance, after: milliseconds(100...5_000))
        }
    }

    /// Tells the supervisor about an instance, in order.
    private func report(_ event: ServiceController.Event, of instance: SimulatedInstance, after delay: Duration) {
        instance.lastReport = max(instance.lastReport, now + delay)
        let service = instance.service
        queue.add(.input(service, run: service.run, .machine(.instances(event))), at: instance.lastReport)
    }

    func perform(_ step: InstanceStep, _ instance: SimulatedInstance) {
        switch step {
        case .answers:
            guard instance.isAlive, isUp else { return }
            let holdsPort = instance.version.candidate.needsPort && instance.version.holdsPort
            instance.monitor.heard(at: now)
            report(.ready(instance.id, holdsPort: holdsPort), of: instance, after: milliseconds(0...20))
        case .dies: die(instance)
        case .connectionsEnd:
            for call in instance.calls {
                fail(call, RPCError(.instanceDied, "instance \(instance.id) died during the call"))
            }
        case .speaks: instance.isMute = false
        case .heartbeat: heartbeat(instance)
        case .answer(let event, let resource, let epoch): answers(event, resource, epoch, instance)
        }
    }

    // MARK: Silence

    /// It answers nothing for a while; `nil`, for ever.
    func fallSilent(_ instance: SimulatedInstance, for time: Duration?, isBusy: Bool) {
        guard instance.isAlive, !instance.isMute else { return }
        count("silences")
        trouble(instance.service)
        instance.isMute = true
        instance.isBusy = isBusy
        instance.monitor.heard(at: now)
        if let time { add(.instance(instance, .speaks), after: time) }
        guard !instance.isWatched else { return }
        instance.isWatched = true
        add(.instance(instance, .heartbeat), after: .seconds(2))
    }

    private func heartbeat(_ instance: SimulatedInstance) {
        instance.isWatched = false
        let service = instance.service
        guard instance.isAlive, isUp, service.instances[instance.id] === instance, instance.hasRoute else { return }
        if instance.isMute {
            trouble(service)
            if instance.isBusy { instance.processorTime += .seconds(2) }
        } else {
            instance.monitor.heard(at: now)
        }
        switch instance.monitor.judge(at: now, processorTime: instance.processorTime) {
        case .responsive:
            if instance.isSaidSilent { report(.heard(instance.id), of: instance, after: .milliseconds(1)) }
            instance.isSaidSilent = false
            // One that answers is watched again when it falls silent.
            guard instance.isMute else { return }
        case .silent:
            if !instance.isSaidSilent { report(.silent(instance.id), of: instance, after: .milliseconds(1)) }
            instance.isSaidSilent = true
        case .dead(let how):
            return report(.lost(instance.id, how: how), of: instance, after: .milliseconds(1))
        }
        instance.isWatched = true
        add(.instance(instance, .heartbeat), after: .seconds(2))
    }

    // MARK: Going

    func terminate(_ id: InstanceID, _ service: SimulatedService) {
        guard let instance = service.instances[id] else { return }
        checkMayEnd(instance)
        end(instance, RPCError(.instanceDied, "instance \(id) is being stopped"))
        let isDeaf = instance.isMute || mishap(5)
        add(
            .instance(instance, .dies),
            after: isDeaf ? terminationGrace : milliseconds(1...1_500))
    }

    func kill(_ id: InstanceID, _ service: SimulatedService) {
        guard let instance = service.instances[id] else { return }
        count("killed")
        end(instance, RPCError(.instanceDied, "instance \(id) does not answer"))
        add(.instance(instance, .dies), after: milliseconds(1...100))
    }

    private func end(_ instance: SimulatedInstance, _ error: RPCError) {
        if instance.isEnding { wrong("instance \(instance.id) is asked to end twice") }
        instance.isEnding = true
        guard instance.hasRoute else { return }
        instance.gate.close {}
        if instance.gate.inside > 0 { postToAll(.end(.all, instance, nil, error)) }
    }

    /// Its process is gone from now on; the host hears of it a little later.
    func die(_ instance: SimulatedInstance) {
        guard instance.isAlive else { return }
        instance.isAlive = false
        let service = instance.service
        processes.removeAll { $0 === instance }
        service.processes -= 1
        if !instance.isEnding { trouble(service) }
        for (resource, holders) in service.holders where holders[instance.id] != nil {
            service.holders[resource]?[instance.id] = nil
            if service.holders[resource]?.isEmpty == true { service.holders[resource] = nil }
        }
        if !instance.calls.isEmpty { add(.instance(instance, .connectionsEnd), in: pick(0...50_000)) }
        guard isUp, service.instances[instance.id] === instance else { return }
        report(.exited(instance.id, how: "signal 9 ended it"), of: instance, after: milliseconds(0...80))
    }
}
