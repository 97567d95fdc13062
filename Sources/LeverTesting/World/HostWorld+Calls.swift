internal import LeverCore

// The way of a call, as the router goes it.
extension HostWorld {
    // MARK: From its begin to an instance

    /// Begins a call; its number cancels it.
    func begin(
        _ context: CallContext, _ arguments: RPCArguments, isChannel: Bool, from maker: CallMaker?,
        _ outcome: Outcome<CallAnswer>
    ) -> Int {
        callCount += 1
        do {
            let (context, service, deadline) = try prepare(context, isChannel: isChannel, maker)
            let call = WorldCall(
                number: callCount, service: service, context: context, arguments: arguments, isChannel: isChannel,
                outcome: outcome, begun: now, deadline: deadline)
            calls[call.number] = call
            measure(call, +1)
            if let deadline {
                let number = call.number
                call.deadlineTimer = schedule(at: deadline) { $0.deadlinePassed(number) }
            }
            search(call)
        } catch {
            outcome.finish(.failure(error))
        }
        return callCount
    }

    private func prepare(
        _ context: CallContext, isChannel: Bool, _ maker: CallMaker?
    ) throws(RPCError) -> (CallContext, WorldService, ContinuousClock.Instant?) {
        try context.checkKind(isChannel: isChannel)
        guard !hasEnded else { throw RPCError(.shuttingDown, "the host has ended") }
        var context = context
        let environment = context.url.environment ?? maker?.environment ?? .default
        context.url.environment = environment
        guard context.depth <= configuration.maximumDepth else {
            throw RPCError(
                .tooDeep, "the call is nested \(context.depth) deep; the limit is \(configuration.maximumDepth)")
        }
        let id = ServiceID(environment: environment, service: context.url.service)
        guard let service = services.first(where: { $0.id == id }), service.machine.instances.liveVersion != nil else {
            guard environment == .default || services.contains(where: { $0.id.environment == environment }) else {
                throw RPCError(.noEnvironment, "there is no environment \"\(environment)\"")
            }
            throw RPCError(
                .noService, "there is no service \"\(id.service)\" in the environment \"\(environment)\"")
        }
        guard !service.isPrivate || maker?.environment == environment else {
            throw RPCError(.privateService, "service \(id) is private: only services of \(environment) may call it")
        }
        context.callID = context.callID ?? maker?.callID ?? "call-\(callCount)"
        if let caller = maker?.environment, caller != environment { context.callerEnvironment = caller.rawValue }
        var deadline =
            try remaining(context).map { now + $0 } ?? (isChannel ? nil : configuration.defaultTimeout.map { now + $0 })
        if let outer = maker?.deadline { deadline = min(deadline ?? outer, outer) }
        return (context, service, deadline)
    }

    /// The caller reckons in real time, in which it took a moment to get here; that is taken out again.
    private func remaining(_ context: CallContext) throws(RPCError) -> Duration? {
        guard let left = try context.timeLeft() else { return nil }
        let grain: Duration =
            left < .seconds(1) ? .milliseconds(1) : left < .seconds(10) ? .milliseconds(10) : .milliseconds(100)
        let grains = (left / grain).rounded(.up)
        return grains < 1e12 ? grain * grains : left
    }

    func search(_ call: WorldCall) {
        call.state = .searching
        if let resource = call.resource {
            searchActivation(call, call.service.activations[resource])
        } else if let instance = choose(call.service.routes) {
            enter(call, instance, nil)
        } else {
            wait(call)
        }
    }

    private func choose(_ routes: [WorldInstance]) -> WorldInstance? {
        let open = routes.filter { $0.isAlive && !$0.gate.isClosed }
        guard !open.isEmpty else { return nil }
        let index = configuration.loadBalancer.pick(
            count: open.count, load: { open[$0].gate.inside }, random: &random)
        return open[index].gate.enter() ? open[index] : nil
    }

    private func searchActivation(_ call: WorldCall, _ activation: WorldActivation?) {
        guard let activation, activation.instance.isAlive else { return wait(call) }
        if activation.gate.enter() {
            activation.instance.gate.enterClosed()
            return enter(call, activation.instance, activation)
        }
        // What a call inside makes would wait for itself.
        let isNested = activation.instance.calls.contains { $0.callID == call.callID && $0.activation === activation }
        guard isNested else { return wait(call) }
        activation.gate.enterClosed()
        activation.instance.gate.enterClosed()
        enter(call, activation.instance, activation)
    }

    private func wait(_ call: WorldCall) {
        let service = call.service
        guard service.waitingCount < configuration.maximumWaiting else {
            return end(
                call,
                .failure(
                    RPCError(
                        .queueFull,
                        "\(configuration.maximumWaiting) calls wait for an instance of \(service.id) already")))
        }
        call.state = .waiting
        service.waiting[call.resource, default: []].append(call)
        if let resource = call.resource {
            if service.resourcesQueued.insert(resource).inserted { tell(service, .resourceCallsWait(resource)) }
        } else if !service.callsWaitIsQueued {
            service.callsWaitIsQueued = true
            tell(service, .callsWait)
        }
    }

    func release(_ service: WorldService, _ resource: ResourceID?, _ error: RPCError? = nil) {
        for call in service.waiting.removeValue(forKey: resource) ?? [] {
            if let error { end(call, .failure(error)) } else { search(call) }
        }
    }

    // MARK: Inside

    private func enter(_ call: WorldCall, _ instance: WorldInstance, _ activation: WorldActivation?) {
        guard let handler = instance.handler else { return wait(call) }
        call.state = .inside
        call.instance = instance
        call.activation = activation
        call.context.epoch = activation?.epoch.rawValue
        instance.calls.append(call)
        let (context, arguments, number) = (call.context, call.arguments, call.number)
        let maker = CallMaker(
            environment: call.service.id.environment, callID: call.callID, link: instance.link,
            deadline: call.deadline)
        let (witness, service, id) = (witness, call.service.id, instance.id)
        let held = activation.map { ($0.resource, $0.epoch) }
        let noting: @Sendable (Bool) -> Void = { isBegin in
            if let (resource, epoch) = held { witness.acts(isBegin, resource, of: service, on: id, epoch: epoch) }
        }
        if call.isChannel {
            let pair = TestChannelPair(context, bound: configuration.channelBuffer, link: instance.link)
            call.channel = pair
            call.task = run(instance) { host in
                await instance.link.pass()
                noting(true)
                let error = await CallMaker.$current.withValue(maker) {
                    await pair.serve(handler, arguments) { host.act { $0.accepted(number) } }
                }
                noting(false)
                host.act { $0.channelEnded(number, error) }
            }
            return
        }
        call.task = run(instance) { host in
            await instance.link.pass()
            noting(true)
            let result: Result<RPCReply, any Error>
            do {
                result = .success(
                    try await CallMaker.$current.withValue(maker) { try await handler.call(context, arguments) })
            } catch {
                result = .failure(Self.passedOn(error, context))
            }
            noting(false)
            await instance.link.pass()
            host.act { $0.handlerEnded(number, result) }
        }
    }

    /// What the caller sees of an error: a status that the handler made is the service's own.
    static func passedOn(_ error: any Error, _ context: CallContext) -> RPCError {
        var error = RPCError.thrown(error, by: context)
        if error.reason == nil { error.origin = .instance }
        return error
    }

    private func accepted(_ number: Int) {
        guard let call = calls[number], call.state == .inside, let pair = call.channel else { return }
        call.outcome.finish(.success(.channel(pair.callers { [weak host] in host?.act { $0.cancel(number) } })))
    }

    private func handlerEnded(_ number: Int, _ result: Result<RPCReply, any Error>) {
        guard let call = calls.removeValue(forKey: number) else { return }
        call.task = nil
        end(call, result.map { .reply($0) })
    }

    /// The handler of a channel has returned, which its channel knows already. A caller that does not have it yet gets the
    /// error: the channel was never open.
    private func channelEnded(_ number: Int, _ error: RPCError?) {
        guard let call = calls.removeValue(forKey: number) else { return }
        call.task = nil
        if let error { call.outcome.finish(.failure(error)) }
        end(call, nil)
    }

    // MARK: The end

    private func deadlinePassed(_ number: Int) {
        guard let call = calls[number] else { return }
        let error = RPCError(.deadline, "\"\(call.context.url)\" was not answered in time", cause: CallUnanswered())
        end(call, .failure(error))
    }

    /// The caller is gone.
    func cancel(_ number: Int) {
        guard let call = calls[number] else { return }
        end(call, .failure(CancellationError()))
    }

    /// Ends a call for its caller; its handler, if it runs, is told that nobody waits for it.
    func end(_ call: WorldCall, _ result: Result<CallAnswer, any Error>?) {
        guard call.state != .ended else { return }
        if call.state == .waiting { call.service.waiting[call.resource]?.removeAll { $0 === call } }
        call.state = .ended
        if let timer = call.deadlineTimer { clock.unschedule(timer) }
        measure(call, -1)
        if let result {
            call.outcome.finish(result)
            if case .failure(let error) = result { call.channel?.end(RPCError.thrown(error, by: call.context)) }
        }
        if let instance = call.instance {
            instance.calls.removeAll { $0 === call }
            instance.gate.leave(at: now)
            call.activation?.gate.leave(at: now)
        }
        guard let task = call.task, let instance = call.instance else {
            calls[call.number] = nil
            return
        }
        // The word does not reach one that cannot be reached.
        if instance.isAlive, !instance.isPartitioned { later { task.cancel() } }
    }

    private func measure(_ call: WorldCall, _ change: Int) {
        let service = call.service
        if call.isChannel { return service.channels.add(change, at: now) }
        service.calls.add(change, at: now)
        if change > 0 {
            service.begun += 1
        } else {
            service.completed += 1
            service.completedTime += now - call.begun
        }
    }
}
