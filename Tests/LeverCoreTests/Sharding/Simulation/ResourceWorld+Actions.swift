import LeverCore

// The shell: what is done for each action, and how instances answer.
extension ResourceWorld {
    func carryOut(_ action: ResourceDirectory.Action) {
        switch action {
        case .needInstance: needInstance()
        case .sendNewResource(let resource, let activation): sendNewResource(resource, activation)
        case .activate(let resource, let activation):
            if routes[resource] != nil { wrong("\(resource) is activated beside an older route") }
            routes[resource] = Route(activation: activation)
            count("activated")
        case .releaseWaiters(let resource):
            for (call, _) in (waiting.removeValue(forKey: resource) ?? [:]).sorted(by: { $0.key < $1.key }) {
                enter(resource, call)
            }
        case .failWaiters(let resource, let error):
            if error.message.isEmpty || error.reason == nil { wrong("an error without a name: \(error)") }
            if waiting.removeValue(forKey: resource) != nil { count("failed") }
        case .closeGate(let resource, let epoch, let how): closeGate(resource, epoch, how)
        case .endChannels(let resource, let epoch, _): end(resource, epoch) { $0 }
        case .endCalls(let resource, let epoch, _): end(resource, epoch) { _ in true }
        case .sendCloseResource(let resource, let activation): sendCloseResource(resource, activation)
        case .forget(let resource, let epoch):
            if routes[resource]?.activation.epoch == epoch { routes[resource] = nil }
        case .drainInstanceAndKill(let id, _):
            count("condemned")
            instances[id]?.isCondemned = true
            schedule(.die(id), in: 30_000)
            tell(.instanceDraining(id, window: .seconds(10)))
        case .emptied(let id):
            count("emptied")
            if instances[id]?.isDraining == true { schedule(.die(id), in: pick(0...2_000)) }
        case .moved(let resource, _), .moveFailed(let resource, _):
            if case .moved = action { count("moved") }
            movesAsked[resource, default: 0] -= 1
            if movesAsked[resource]! < 0 { wrong("a move of \(resource) ended twice") }
        case .wake(let time):
            let delay = (time - now) / .milliseconds(1)
            schedule(.tell(.timer), in: max(0, Int(delay.rounded(.up))) + pick(0...300))
        case .stopped: hasStopped = true
        }
    }

    // MARK: Hooks

    private func sendNewResource(_ resource: ResourceID, _ activation: Activation) {
        if let lastEpoch, activation.epoch <= lastEpoch { wrong("epoch \(activation.epoch) after \(lastEpoch)") }
        lastEpoch = activation.epoch
        if routes[resource] != nil { wrong("\(resource) is activated while a route of it is there") }
        guard instances[activation.instance] != nil else {
            // It died a moment ago, which the directory has not heard yet.
            tell(chance(50) ? .openUnanswered(resource, activation.epoch, how: "lost") : refused(resource, activation))
            return
        }
        if chance(4) {
            tell(refused(resource, activation))
            return
        }
        instances[activation.instance]?.holds[resource] = activation.epoch
        switch pick(0...99) {
        case 0..<78: schedule(.answerNew(resource, activation, nil), in: pick(0...800))
        case 78..<84: schedule(.answerNew(resource, activation, nil), in: pick(15_000...60_000))
        case 84..<90:
            schedule(.answerNew(resource, activation, RPCError(code: .unknown, message: "no")), in: pick(0...800))
        case 90..<93: tell(.openUnanswered(resource, activation.epoch, how: "the connection ended"))
        case 93..<96: schedule(.die(activation.instance), in: pick(0...500))
        default: count("NewResource hung")
        }
    }

    private func refused(_ resource: ResourceID, _ activation: Activation) -> ResourceDirectory.Event {
        .openFailed(resource, activation.epoch, RPCError(.unreachable, "connection refused"))
    }

    func answerNew(_ resource: ResourceID, _ activation: Activation, _ error: RPCError?) {
        guard let instance = instances[activation.instance] else { return }
        guard let error else {
            tell(.opened(resource, activation.epoch))
            return
        }
        if instance.holds[resource] == activation.epoch { instances[activation.instance]?.holds[resource] = nil }
        tell(.openFailed(resource, activation.epoch, error))
    }

    private func sendCloseResource(_ resource: ResourceID, _ activation: Activation) {
        guard instances[activation.instance] != nil else {
            tell(.closeUnanswered(resource, activation.epoch, how: "connection refused"))
            return
        }
        switch pick(0...99) {
        case 0..<88: schedule(.answerClose(resource, activation), in: pick(0...500))
        case 88..<93: schedule(.answerClose(resource, activation), in: pick(15_000...45_000))
        case 93..<95: tell(.closeUnanswered(resource, activation.epoch, how: "the connection ended"))
        case 95..<97: schedule(.die(activation.instance), in: pick(0...500))
        default: count("CloseResource hung")
        }
    }

    func answerClose(_ resource: ResourceID, _ activation: Activation) {
        guard let instance = instances[activation.instance] else { return }
        if instance.holds[resource] == activation.epoch { instances[activation.instance]?.holds[resource] = nil }
        tell(.closeAnswered(resource, activation.epoch))
    }

    // MARK: Instances

    func startInstance(of version: Int) -> InstanceID {
        let id = InstanceID("i-\(ids.count + 1)")
        ids.append(id)
        instances[id] = Instance(version: version)
        schedule(chance(85) ? .becomeReady(id) : .die(id), in: pick(100...3_000))
        return id
    }

    private func needInstance() {
        let isOnItsWay = instances.values.contains {
            $0.version == liveVersion && !$0.isDraining && !$0.isCondemned
        }
        if !isOnItsWay { _ = startInstance(of: liveVersion) }
    }

    func becomeReady(_ id: InstanceID) {
        guard let instance = instances[id] else { return }
        instances[id]?.isReady = true
        handle(.instanceReady(id, version: instance.version))
    }

    func die(_ id: InstanceID, how: String) {
        guard let instance = instances.removeValue(forKey: id) else { return }
        count("died")
        for (resource, route) in routes where route.activation.instance == id { routes[resource]?.inside = [:] }
        if instance.isReady {
            tell(.instanceDied(id, how: how), within: 1_500)
        } else {
            tell(.startFailed(RPCError(.startFailed, "an instance could not be started")))
        }
    }
}
