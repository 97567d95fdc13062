import LeverCore

// The way of a call, as the router goes it.
extension HostWorld {
    /// What one event loop knows of one service.
    struct LoopView {
        var exists = false
        var instances: [SimulatedInstance] = []
        var activations: [ResourceID: SimulatedActivation] = [:]
    }

    enum CallKind {
        case channels
        case callsWithoutResource
        case all

        func includes(_ call: SimulatedCall) -> Bool {
            switch self {
            case .channels: call.isChannel
            case .callsWithoutResource: !call.isChannel && call.activation == nil
            case .all: true
            }
        }
    }

    /// What comes to an event loop, in order.
    enum Mail {
        case route(SimulatedService, [SimulatedInstance])
        case removed(SimulatedService)
        case activated(SimulatedActivation)
        case forgotten(SimulatedService, ResourceID, Epoch)
        case resume(SimulatedCall, attempt: Int, RPCError?)
        case end(CallKind, SimulatedInstance, SimulatedActivation?, RPCError)
    }

    enum CallStep {
        case search
        /// The instance cannot be reached, or refuses the stream.
        case notBegun(isRefusal: Bool)
        case handlerEnds
        case makesCall
        case pauseEnds
        /// Another loop says that a call with its id is inside.
        case mayEnterNested(SimulatedActivation)
        case clientLeaves
    }

    func post(_ mail: Mail, to loop: Int) {
        mailed[loop] = max(mailed[loop], now + .microseconds(chance(95) ? pick(0...300) : pick(0...30_000)))
        queue.add(.mail(loop: loop, era: era, mail), at: mailed[loop])
    }

    func postToAll(_ mail: Mail) {
        for loop in 0..<Self.loops { post(mail, to: loop) }
    }

    func deliver(_ mail: Mail, to loop: Int) {
        switch mail {
        case .route(let service, let instances):
            views[loop][service.index].exists = true
            views[loop][service.index].instances = instances
        case .removed(let service): views[loop][service.index] = LoopView()
        case .activated(let activation):
            views[loop][activation.instance.service.index].activations[activation.resource] = activation
        case .forgotten(let service, let resource, let epoch):
            if views[loop][service.index].activations[resource]?.epoch == epoch {
                views[loop][service.index].activations[resource] = nil
            }
        case .resume(let call, let attempt, let error):
            guard call.attempt == attempt, call.state == .waiting else { return }
            call.waitingSince = nil
            if let error { fail(call, error) } else { search(call) }
        case .end(let kind, let instance, let activation, let error):
            for call in instance.calls where call.loop == loop && kind.includes(call) {
                if activation == nil || call.activation === activation { fail(call, error) }
            }
        }
    }

    // MARK: Its steps

    func arrive(_ service: SimulatedService) {
        guard !isQuiet else { return }
        if chance(3) { changePace(service) }
        if let pace = service.pace {
            add(.arrival(service), after: pace * (0.1 + 1.8 * Double(pick(0...1000)) / 1000))
        } else {
            add(.arrival(service), after: milliseconds(1_000...60_000))
            if chance(60) { changePace(service) }
            return
        }
        guard isUp else { return }
        begin(service, parent: nil)
    }

    private func changePace(_ service: SimulatedService) {
        let size = max(1, configuration.instances / max(1, configuration.services) / 10)
        switch pick(0...9) {
        case 0...1: service.pace = nil
        case 2...4: service.pace = .milliseconds(4_000)
        case 5...7: service.pace = .milliseconds(700) / size
        default: service.pace = .milliseconds(150) / size
        }
    }

    @discardableResult
    func begin(
        _ service: SimulatedService, _ resource: ResourceID? = nil, parent: SimulatedCall?
    ) -> SimulatedCall {
        callCount += 1
        let names = 4 + configuration.instances / max(1, configuration.services)
        let resource = resource ?? (chance(50) ? ResourceID("r\(pick(1...names))") : nil)
        let isChannel = parent == nil && chance(12)
        let length =
            isChannel
            ? milliseconds(configuration.isCalm ? 100...8_000 : 100...120_000)
            : chance(90) || configuration.isCalm ? milliseconds(1...3_000) : milliseconds(1...70_000)
        let call = SimulatedCall(
            number: callCount, service: service, resource: resource, isChannel: isChannel,
            loop: pick(0...Self.loops - 1), length: length, parent: parent, at: now)
        calls.append(call)
        if calls.count > callsToKeep {
            calls.removeAll { $0.state == .ended }
            callsToKeep = 2 * calls.count + 1_024
        }
        count(isChannel ? "channels" : "calls")
        measure(call, +1)
        if !configuration.isCalm, chance(3) {
            call.leavesAt = now + milliseconds(1...20_000)
        }
        search(call)
        return call
    }

    func perform(_ step: CallStep, _ call: SimulatedCall) {
        switch step {
        case .search: search(call)
        case .notBegun(let isRefusal):
            guard let id = call.instance?.id else { return }
            leaveInstance(call)
            call.tried.append(id)
            if isRefusal {
                call.refusals += 1
                if call.refusals > 3 { return fail(call, RPCError(.unreachable, "instance \(id) refused the call")) }
            }
            search(call)
        case .handlerEnds: handlerEnds(call)
        case .makesCall: makeCall(call)
        case .pauseEnds:
            leaveWaitingRoom(call)
            search(call)
        case .mayEnterNested(let activation):
            guard activation.gate.enterNested() else { return }
            leaveWaitingRoom(call)
            activation.instance.gate.enterClosed()
            enter(call, activation.instance, activation, isNested: true)
        case .clientLeaves: cancel(call)
        }
    }

    func search(_ call: SimulatedCall) {
        guard isUp else { return fail(call, RPCError(.shuttingDown, "the host is down")) }
        call.attempt += 1
        call.state = .searching
        if let leaves = call.leavesAt, leaves <= now { return cancel(call) }
        let view = views[call.loop][call.service.index]
        guard view.exists else { return fail(call, RPCError(.noService, "there is no service \(call.service.id)")) }
        if let resource = call.resource {
            searchActivation(call, view.activations[resource])
        } else if let instance = choose(view.instances, leavingOut: call.tried) {
            enter(call, instance, nil, isNested: false)
        } else {
            wait(call, isPause: !call.tried.isEmpty && !view.instances.isEmpty)
        }
    }

    private func choose(_ instances: [SimulatedInstance], leavingOut tried: [InstanceID]) -> SimulatedInstance? {
        var left = instances
        var isFirst = true
        while true {
            // Whoever looks at the gates first knows less than they do when it comes to enter.
            if !isFirst || !tried.isEmpty {
                left.removeAll { tried.contains($0.id) || $0.gate.isClosed }
            }
            guard !left.isEmpty else { return nil }
            let index = PowerOfTwoChoices().pick(count: left.count, load: { left[$0].gate.inside }, random: &random)
            if left[index].gate.enter() { return left[index] }
            isFirst = false
        }
    }

    private func searchActivation(_ call: SimulatedCall, _ activation: SimulatedActivation?) {
        guard let activation else { return wait(call) }
        if call.tried.contains(activation.instance.id) { return wait(call, isPause: true) }
        if activation.gate.enter() {
            activation.instance.gate.enterClosed()
            return enter(call, activation.instance, activation, isNested: false)
        }
        let holder = activation.instance.calls.first { $0.id == call.id && $0.activation === activation }
        if let holder, holder.loop == call.loop, activation.gate.enterNested() {
            activation.instance.gate.enterClosed()
            return enter(call, activation.instance, activation, isNested: true)
        }
        wait(call)
        if holder != nil, call.state == .waiting {
            add(.call(call, attempt: call.attempt, .mayEnterNested(activation)), in: pick(0...2_000))
        }
    }

    private func enter(
        _ call: SimulatedCall, _ instance: SimulatedInstance, _ activation: SimulatedActivation?, isNested: Bool
    ) {
        call.attempt += 1
        call.state = .inside
        call.instance = instance
        call.activation = activation
        instance.calls.append(call)
        guard instance.isAlive else {
            add(.call(call, attempt: call.attempt, .notBegun(isRefusal: false)), in: pick(0...3_000))
            return
        }
        if mishap(0.4) {
            add(.call(call, attempt: call.attempt, .notBegun(isRefusal: true)), in: pick(0...3_000))
            return
        }
        checkEntered(call, instance, activation, isNested: isNested)
        call.unservedSince = now
        add(.call(call, attempt: call.attempt, .handlerEnds), after: call.length)
        if call.depth < 3, !call.isChannel, chance(12) {
            add(.call(call, attempt: call.attempt, .makesCall), after: call.length * 0.5)
        }
        if let leaves = call.leavesAt, leaves < now + call.length {
            add(.call(call, attempt: call.attempt, .clientLeaves), after: max(.zero, leaves - now))
        }
    }

    /// The handler makes a call of its own: to a resource of a caller above it, its own included, or to a later service, so
    /// that no two wait for each other.
    private func makeCall(_ call: SimulatedCall) {
        guard call.child == nil, !call.isDue, let instance = call.instance, instance.isAlive, !instance.isMute, isUp
        else { return }
        var above: [SimulatedCall] = []
        var next: SimulatedCall? = call
        while let current = next {
            if current.resource != nil, current.state == .inside { above.append(current) }
            next = current.parent
        }
        if chance(60), let target = pick(of: above), let resource = target.resource {
            count("calls back")
            call.child = begin(target.service, resource, parent: call)
        } else if call.service.index + 1 < services.count {
            count("nested calls")
            call.child = begin(services[pick(call.service.index + 1...services.count - 1)], parent: call)
        }
        if call.child?.state == .ended { call.child = nil }
    }

    private func handlerEnds(_ call: SimulatedCall) {
        guard let instance = call.instance else { return }
        guard instance.isAlive else { return }
        guard !instance.isMute else {
            add(.call(call, attempt: call.attempt, .handlerEnds), after: milliseconds(500...1_500))
            return
        }
        guard call.child == nil else {
            call.isDue = true
            return
        }
        count("succeeded")
        finish(call)
    }

    // MARK: Waiting

    private func wait(_ call: SimulatedCall, isPause: Bool = false) {
        let service = call.service
        call.tried = []
        call.attempt += 1
        call.state = .waiting
        call.waitingSince = now
        service.waiting[call.resource, default: []].append(call)
        count("waited")
        if isPause {
            add(.call(call, attempt: call.attempt, .pauseEnds), after: .milliseconds(2 << min(call.pauses, 8)))
            call.pauses += 1
        } else {
            callsWait(service, call.resource)
        }
        if let leaves = call.leavesAt {
            add(.call(call, attempt: call.attempt, .clientLeaves), after: max(.zero, leaves - now))
        }
    }

    private func callsWait(_ service: SimulatedService, _ resource: ResourceID?) {
        guard service.machine != nil else {
            release(service, nil, RPCError(.noService, "there is no service \(service.id) any more"))
            if let resource {
                release(service, resource, RPCError(.noService, "there is no service \(service.id) any more"))
            }
            return
        }
        if let resource {
            if service.waitingResources.isEmpty { tell(service, .resourcesWait) }
            if !service.waitingResources.contains(resource) { service.waitingResources.append(resource) }
        } else if !service.callsWaitIsQueued {
            service.callsWaitIsQueued = true
            tell(service, .callsWait)
        }
    }

    func leaveWaitingRoom(_ call: SimulatedCall) {
        call.waitingSince = nil
        call.attempt += 1
        call.service.waiting[call.resource]?.removeAll { $0 === call }
        if call.service.waiting[call.resource]?.isEmpty == true { call.service.waiting[call.resource] = nil }
    }

    func release(_ service: SimulatedService, _ resource: ResourceID?, _ error: RPCError? = nil) {
        if let error { checkReason(error) }
        for call in service.waiting.removeValue(forKey: resource) ?? [] {
            post(.resume(call, attempt: call.attempt, error), to: call.loop)
        }
    }

    func releaseAll(_ service: SimulatedService, _ error: RPCError) {
        let groups = service.waiting.keys.sorted { ($0?.rawValue ?? "") < ($1?.rawValue ?? "") }
        for resource in groups { release(service, resource, error) }
    }

    // MARK: The end

    func leaveInstance(_ call: SimulatedCall) {
        guard let instance = call.instance else { return }
        let activation = call.activation
        call.instance = nil
        call.activation = nil
        instance.calls.removeAll { $0 === call }
        instance.gate.leave(at: now)
        activation?.gate.leave(at: now)
    }

    func fail(_ call: SimulatedCall, _ error: RPCError) {
        guard call.state != .ended else { return }
        checkReason(error)
        checkMayFail(call, error)
        count("failed: \(error.reason?.token ?? "none")")
        finish(call)
    }

    private func cancel(_ call: SimulatedCall) {
        count("cancelled")
        finish(call)
    }

    private func finish(_ call: SimulatedCall) {
        if call.state == .waiting, call.waitingSince != nil { leaveWaitingRoom(call) }
        call.attempt += 1
        call.state = .ended
        leaveInstance(call)
        measure(call, -1)
        if let child = call.child, child.state != .ended { cancel(child) }
        call.child = nil
        guard let parent = call.parent, parent.child === call else { return }
        parent.child = nil
        if parent.isDue, parent.state == .inside {
            add(.call(parent, attempt: parent.attempt, .handlerEnds), in: pick(0...500))
        }
    }

    /// The host is gone, and the call with it.
    func lose(_ call: SimulatedCall) {
        count("lost with the host")
        call.waitingSince = nil
        call.child = nil
        finish(call)
    }

    private func measure(_ call: SimulatedCall, _ change: Int) {
        if call.isChannel {
            call.service.channels.add(change, at: now)
        } else {
            call.service.calls.add(change, at: now)
            if change > 0 { call.service.begun += 1 }
        }
    }
}
