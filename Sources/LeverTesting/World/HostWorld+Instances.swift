internal import LeverCore

// Instances, from their start to their end, with what goes wrong with them.
extension HostWorld {
    // MARK: Coming

    func start(_ id: InstanceID, _ number: Int, _ service: WorldService) {
        guard let version = service.versions[number] else {
            return tell(service, .exited(id, how: "the code of version \(number) is not known"))
        }
        note(.instanceStarted, service, id, "version \(number)")
        let instance = WorldInstance(
            id: id, service: service, version: version, executor: InstanceExecutor(clock.executor), at: now,
            liveness: configuration.liveness)
        service.instances[id] = instance
        let fault = takeStartFault(service)
        let time = service.startTime ?? configuration.startTime
        // What makes the handler is the author's code, which may use the host.
        let body: @Sendable (LeverTestHost) -> Void = { host in
            let made: Result<any RPCHandler, any Error>
            if let fault {
                made = .failure(TestFailure(fault))
            } else {
                made = Result { try version.makeHandler() }
            }
            host.act { $0.handlerMade(made, instance, after: time) }
        }
        run(instance) { host in body(host) }
    }

    private func takeStartFault(_ service: WorldService) -> String? {
        guard let fault = service.startFaults.first else { return nil }
        service.startFaults[0].times -= 1
        if service.startFaults[0].times <= 0 { service.startFaults.removeFirst() }
        return fault.how
    }

    private func handlerMade(
        _ made: Result<any RPCHandler, any Error>, _ instance: WorldInstance, after time: Duration
    ) {
        guard instance.isAlive else { return }
        let answer: @Sendable (HostWorld) -> Void = { world in
            guard instance.isAlive, !instance.isEnding else { return }
            switch made {
            case .success(let handler):
                // Whoever does not hear the question does not answer it; it is asked until the start takes too long.
                guard !instance.isPaused, !instance.isPartitioned else {
                    instance.handler = handler
                    return
                }
                instance.handler = handler
                world.becomeReady(instance)
            case .failure(let error):
                world.die(instance, "\(error)")
            }
        }
        if time > .zero { _ = schedule(at: now + time, answer) } else { answer(self) }
    }

    private func becomeReady(_ instance: WorldInstance) {
        guard instance.handler != nil, !instance.hasRoute, instance.isAlive, !instance.isEnding else { return }
        instance.hasRoute = true
        instance.monitor = LivenessMonitor(at: now, configuration: configuration.liveness)
        tell(instance.service, .ready(instance.id, holdsPort: false))
    }

    // MARK: Silence

    func pause(_ instance: WorldInstance) {
        guard instance.isAlive, !instance.isPaused else { return }
        note(.fault, instance.service, instance.id, "paused")
        fallSilent(instance)
        instance.isPaused = true
        instance.executor.freeze()
    }

    func resume(_ instance: WorldInstance) {
        guard instance.isAlive, instance.isPaused else { return }
        note(.fault, instance.service, instance.id, "goes on")
        instance.isPaused = false
        later { instance.executor.thaw() }
        speakAgain(instance)
    }

    func partition(_ instance: WorldInstance) {
        guard instance.isAlive, !instance.isPartitioned else { return }
        note(.fault, instance.service, instance.id, "partitioned")
        fallSilent(instance)
        instance.isPartitioned = true
        instance.link.cut()
    }

    func heal(_ instance: WorldInstance) {
        guard instance.isAlive, instance.isPartitioned else { return }
        note(.fault, instance.service, instance.id, "can be reached again")
        instance.isPartitioned = false
        later { instance.link.mend() }
        speakAgain(instance)
    }

    private func fallSilent(_ instance: WorldInstance) {
        guard !instance.isPaused, !instance.isPartitioned else { return }
        instance.monitor.heard(at: now)
        guard !instance.isWatched else { return }
        instance.isWatched = true
        _ = schedule(at: now + configuration.heartbeatInterval) { $0.heartbeat(instance) }
    }

    private func speakAgain(_ instance: WorldInstance) {
        guard !instance.isPaused, !instance.isPartitioned else { return }
        // It may have been made while it could not answer.
        if !instance.hasRoute { becomeReady(instance) }
    }

    private func heartbeat(_ instance: WorldInstance) {
        instance.isWatched = false
        guard instance.isAlive, !instance.isEnding else { return }
        let isMute = instance.isPaused || instance.isPartitioned
        if !isMute { instance.monitor.heard(at: now) }
        if instance.hasRoute {
            switch instance.monitor.judge(at: now, processorTime: nil) {
            case .responsive:
                if instance.isSaidSilent { tell(instance.service, .heard(instance.id)) }
                instance.isSaidSilent = false
                // One that answers is watched again when it falls silent.
                guard isMute else { return }
            case .silent:
                if !instance.isSaidSilent { tell(instance.service, .silent(instance.id)) }
                instance.isSaidSilent = true
            case .dead(let how):
                return tell(instance.service, .lost(instance.id, how: "it \(how)"))
            }
        }
        instance.isWatched = true
        _ = schedule(at: now + configuration.heartbeatInterval) { $0.heartbeat(instance) }
    }

    // MARK: Going

    func terminate(_ id: InstanceID, _ service: WorldService) {
        guard let instance = service.instances[id], !instance.isEnding else { return }
        instance.isEnding = true
        endAll(instance, RPCError(.instanceDied, "instance \(id) of \(service.id) is being stopped"))
        endIfIdle(instance)
        guard instance.isAlive else { return }
        _ = schedule(at: now + configuration.terminationGrace) { world in
            world.die(instance, "signal 9 ended it")
        }
    }

    func kill(_ id: InstanceID, _ service: WorldService) {
        guard let instance = service.instances[id] else { return }
        instance.isEnding = true
        endAll(instance, RPCError(.instanceDied, "instance \(id) of \(service.id) does not answer"))
        die(instance, "signal 9 ended it")
    }

    private func endAll(_ instance: WorldInstance, _ error: RPCError) {
        instance.gate.close {}
        for call in instance.calls { end(call, .failure(error)) }
    }

    /// One that was asked to end does so once its handlers have returned.
    func endIfIdle(_ instance: WorldInstance) {
        guard instance.isEnding, instance.running == 0, !instance.isPaused else { return }
        die(instance, "it exited with code 0")
    }

    /// It is gone: its code does nothing any more, and what was on its way to and from it is lost.
    func die(_ instance: WorldInstance, _ how: String) {
        guard instance.isAlive else { return }
        instance.isAlive = false
        instance.executor.freeze()
        witness.died(instance.id)
        later { instance.link.mend() }
        instance.gate.close {}
        let error = RPCError(
            .instanceDied, "instance \(instance.id) of \(instance.service.id) died during the call",
            cause: CallUnanswered())
        for call in instance.calls { end(call, .failure(error)) }
        graveyard.append(instance)
        tell(instance.service, .exited(instance.id, how: how))
    }

    // MARK: Tasks

    /// Runs something as code of an instance.
    @discardableResult
    func run(
        _ instance: WorldInstance, _ body: @escaping @Sendable (LeverTestHost) async -> Void
    ) -> Task<Void, Never>? {
        guard let host else { return nil }
        hookCount += 1
        let number = hookCount
        instance.running += 1
        let task = Task(executorPreference: instance.executor) {
            await body(host)
            host.act { world in
                instance.tasks[number] = nil
                instance.running -= 1
                world.endIfIdle(instance)
            }
        }
        instance.tasks[number] = task
        return task
    }
}
