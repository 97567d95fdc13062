import LeverCore

// Calls and their gates, and what an administrator, an autoscaler and bad luck do.
extension ResourceWorld {
    func newCall() {
        calls += 1
        enter(ResourceID("r\(pick(0...(seed % 3 == 0 ? 60 : 12)))"), calls)
    }

    /// Lets a call in, or lets it wait.
    func enter(_ resource: ResourceID, _ call: Int) {
        guard let route = routes[resource], !route.isClosed else {
            waiting[resource, default: [:]][call] = now
            // One word is enough for all that wait.
            if asking.insert(resource).inserted { tell(.callsWaiting(resource)) }
            return
        }
        guard instances[route.activation.instance] != nil else {
            count("refused")
            return
        }
        if instances[route.activation.instance]?.holds[resource] != route.activation.epoch {
            wrong("a call for \(resource) came to \(route.activation.instance), which does not hold it")
        }
        let isChannel = chance(10)
        routes[resource]?.inside[call] = isChannel
        count("served")
        if !isChannel || chance(50) {
            schedule(.endCall(resource, route.activation.epoch, call), in: chance(8) ? pick(0...90_000) : pick(0...400))
        }
    }

    func endCall(_ resource: ResourceID, _ epoch: Epoch, _ call: Int) {
        guard routes[resource]?.activation.epoch == epoch else { return }
        if chance(15), routes[resource]?.inside[call] != nil {
            // It had called its own resource, and that call goes on.
            calls += 1
            routes[resource]?.inside[calls] = false
            schedule(.endCall(resource, epoch, calls), in: pick(0...300))
        }
        routes[resource]?.inside[call] = nil
        leftGate(resource)
    }

    func closeGate(_ resource: ResourceID, _ epoch: Epoch, _ how: GateClosing) {
        guard let route = routes[resource], route.activation.epoch == epoch else {
            wrong("the gate of \(resource) is to be closed for epoch \(epoch), which has no route")
            return
        }
        switch how {
        case .ifIdle:
            if route.inside.isEmpty {
                routes[resource]?.isClosed = true
                tell(.drained(resource, epoch))
            } else {
                tell(.busy(resource, epoch))
            }
        case .whenIdle:
            routes[resource]?.closing = .whenIdle
            leftGate(resource)
        case .now:
            routes[resource]?.closing = .now
            routes[resource]?.isClosed = true
            leftGate(resource)
        }
    }

    func leftGate(_ resource: ResourceID) {
        guard let route = routes[resource], route.closing != nil, route.inside.isEmpty else { return }
        routes[resource]?.isClosed = true
        routes[resource]?.closing = nil
        tell(.drained(resource, route.activation.epoch))
    }

    /// Ends the calls inside an activation for which `isEnded`, told whether it is a channel, says so.
    func end(_ resource: ResourceID, _ epoch: Epoch, where isEnded: (Bool) -> Bool) {
        guard let route = routes[resource], route.activation.epoch == epoch else { return }
        routes[resource]?.inside = route.inside.filter { !isEnded($0.value) }
        leftGate(resource)
    }

    /// One thing that happens by itself.
    func act() {
        guard !isQuiet else { return }
        schedule(.act, in: pick(0...1_200))
        let ready = ids.filter { instances[$0]?.isReady == true }
        switch pick(0...99) {
        case 0..<55:
            for _ in 0..<pick(1...6) { newCall() }
        case 55..<70: tellIdle()
        case 70..<78:
            let resource = ResourceID("r\(pick(0...12))")
            movesAsked[resource, default: 0] += 1
            let target = chance(50) ? nil : pick(of: ready)
            tell(.move(resource, to: target, window: .seconds(pick(0...8))))
        case 78..<82:
            // A call out of the blue, as one that looked at an old table.
            tell(.callsWaiting(ResourceID("r\(pick(0...12))")))
        case 82..<86: if let id = pick(of: ready) { die(id, how: "signal 11 ended it") }
        case 86..<90: if ready.count < 4 { _ = startInstance(of: liveVersion) }
        case 90..<94: if let id = pick(of: ready) { drain(id, in: nil) }
        case 94..<96:
            if let id = ids.first(where: { instances[$0]?.isDraining == true }), instances[id]?.isCondemned == false,
                instances[id]?.version == liveVersion, directory.resourceCount(on: id) > 0
            {
                instances[id]?.isDraining = false
                handle(.instanceUndrained(id))
            }
        default: upgrade()
        }
    }

    private func tellIdle() {
        for resource in routes.keys.sorted() where chance(40) {
            if let route = routes[resource], route.inside.isEmpty { tell(.idle(resource, route.activation.epoch)) }
        }
    }

    private func drain(_ id: InstanceID, in limit: Int?) {
        instances[id]?.isDraining = true
        handle(.instanceDraining(id, window: .seconds(pick(0...10))))
        if let limit { schedule(.die(id), in: limit) }
    }

    private func upgrade() {
        count("upgraded")
        liveVersion += 1
        for _ in 0..<pick(1...3) {
            let id = InstanceID("i-\(ids.count + 1)")
            ids.append(id)
            instances[id] = Instance(version: liveVersion)
            becomeReady(id)
        }
        handle(.versionLive(liveVersion))
        for id in ids where instances[id].map({ $0.isReady && $0.version != liveVersion }) == true {
            drain(id, in: chance(20) ? pick(0...5_000) : 100_000)
        }
    }
}
