import LeverCore

// What happens to the host from outside: people, faults, and its own end.
extension HostWorld {
    func act() {
        guard !isQuiet else { return }
        add(.act, in: pick(100_000...4_000_000) * 4 / max(1, configuration.services))
        guard isUp, let service = pick(of: services) else { return }
        switch pick(0...99) {
        case 0..<18: upload(service, within: 3_000)
        case 18..<21:
            upload(service, within: 6_000)
            upload(service, within: 1_000)
        case 21..<30: rollBack(service)
        case 30..<44: move(service)
        case 44..<52: retire(service)
        case 52..<58: setBounds(service)
        case 58..<62: if let other = pick(of: services) { burst(other) }
        default: if !configuration.isCalm { goWrong(service) }
        }
    }

    private func goWrong(_ service: SimulatedService) {
        let instance = pick(of: processes)
        switch pick(0...99) {
        case 0..<38: instance.map(die)
        case 38..<60: instance.map { fallSilent($0, for: milliseconds(500...40_000), isBusy: chance(50)) }
        case 60..<72: instance.map { fallSilent($0, for: nil, isBusy: chance(30)) }
        case 72..<82: for process in processes where process.service === service && chance(60) { die(process) }
        case 82..<90: remove(service)
        case 90..<93: hostDies()
        default: break
        }
    }

    // MARK: Administration

    private func rollBack(_ service: SimulatedService) {
        guard service.machine != nil, let number = pick(of: service.wasLive.sorted()),
            let version = kept[service.index][number]
        else { return }
        deliver(version, isRollback: true, to: service, after: milliseconds(0...500))
    }

    private func move(_ service: SimulatedService) {
        guard let machine = service.machine, let resource = pick(of: service.active), service.moves[resource] == nil
        else { return }
        let known = machine.instances.instances
        let target = chance(50) ? pick(of: known)?.id : nil
        service.moves[resource] = 1
        count("moves asked")
        service.activations[resource]?.moveWindowEnd = now + resources.moveWindow
        handle(.resources(.move(resource, to: target, window: resources.moveWindow)), service)
    }

    private func retire(_ service: SimulatedService) {
        let known = (service.machine?.instances.instances ?? []).filter { $0.state == .ready || $0.state == .draining }
        guard let id = pick(of: known)?.id else { return }
        count("retired")
        handle(.instances(.retire(id)), service)
    }

    private func setBounds(_ service: SimulatedService) {
        guard service.machine != nil else { return }
        let most = max(1, configuration.instances / max(1, configuration.services))
        let maximum = pick(1...most)
        service.ownBounds =
            chance(40)
            ? nil
            : ScalingBounds(
                maxInstanceLoad: Double(pick(1...6)), minInstances: chance(60) ? 0 : pick(0...maximum),
                maxInstances: maximum)
        lookNow(service)
    }

    private func burst(_ service: SimulatedService) {
        guard service.machine != nil else { return }
        count("bursts")
        let resource = chance(50) ? ResourceID("r\(pick(1...4))") : nil
        for _ in 0..<pick(5...60) { begin(service, resource, parent: nil) }
    }

    private func remove(_ service: SimulatedService) {
        guard service.machine != nil, !service.isEnding else { return }
        count("removals")
        service.isEnding = true
        trouble(service)
        postToAll(.removed(service))
        handle(.instances(.shutdown), service)
    }

    // MARK: The host itself

    private func hostDies() {
        count("restarts")
        isUp = false
        era += 1
        for service in services { service.waiting = [:] }
        for call in calls where call.state != .ended { lose(call) }
        calls = []
        for service in services {
            service.waiting = [:]
            service.pending = [:]
            service.epochs = nil
            forgetMachine(service)
            trouble(service)
        }
        views = Array(repeating: Array(repeating: LoopView(), count: services.count), count: Self.loops)
        // What an earlier run left is ended before anything else happens.
        for instance in processes { add(.instance(instance, .dies), in: pick(0...3_000_000)) }
        add(.hostStarts, in: 3_100_000 + pick(0...5_000_000))
    }

    func hostStarts() {
        term += 1
        isUp = true
        for process in processes { wrong("the host has started while instance \(process.id) is there") }
        for service in services {
            guard let live = service.catalogLive, let version = kept[service.index][live] else { continue }
            if live != service.acknowledged, live != service.committing {
                wrong("\(service.id) comes back with version \(live), not \(service.acknowledged ?? 0)")
            }
            service.acknowledged = live
            service.wasLive.insert(live)
            makeMachine(service, live: version)
            postToAll(.route(service, []))
            lookSoon(service)
        }
    }

    // MARK: The end

    /// From here on nothing new happens, and nothing goes wrong.
    func beQuiet() {
        isQuiet = true
        for versions in kept { for version in versions.values { version.habit = .good } }
        for instance in processes where instance.isMute {
            add(.instance(instance, .speaks), after: milliseconds(1...5_000))
        }
    }
}
