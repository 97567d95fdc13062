// One resource at a time.
extension ResourceDirectory {
    mutating func callsWaiting(
        _ resource: ResourceID, _ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]
    ) {
        if isShuttingDown {
            actions.append(.failWaiters(resource, shuttingDownError))
        } else if let slot = table.slot(of: resource) {
            apply(.callsWaiting, to: slot, now, load, &actions)
        } else if table.count >= configuration.maximumResources {
            actions.append(
                .failWaiters(
                    resource,
                    RPCError(
                        .limitReached,
                        "resource \(resource.quoted) of \(service) would be one too many: \(table.count) are active already"
                    )))
        } else {
            apply(.callsWaiting, to: table.insert(resource), now, load, &actions)
        }
    }

    mutating func idle(
        _ resource: ResourceID, _ epoch: Epoch, _ now: ContinuousClock.Instant, _ load: Load,
        _ actions: inout [Action]
    ) {
        guard let instance = table.slot(of: resource).flatMap({ table[$0].machine.activation?.instance }),
            let index = indexes[instance], instances[index].givingUp < configuration.handOversAtOnce
        else { return }
        apply(.idle(epoch), resource, now, load, &actions)
    }

    mutating func move(
        _ resource: ResourceID, to instance: InstanceID?, window: Duration, _ now: ContinuousClock.Instant,
        _ load: Load, _ actions: inout [Action]
    ) {
        func fail(_ reason: RPCError.Reason, _ text: String) {
            actions.append(.moveFailed(resource, RPCError(reason, "resource \(resource.quoted) of \(service) \(text)")))
        }
        guard let slot = table.slot(of: resource), let present = table[slot].machine.activation else {
            return fail(.noResource, "is not active: its next call places it")
        }
        if let instance {
            guard candidates.contains(where: { $0.id == instance }) else {
                return fail(.conflict, "cannot move to instance \(instance), which takes no resources")
            }
            if instance == present.instance, table[slot].machine.phase == .active {
                actions.append(.moved(resource, present))
                return
            }
        } else if !candidates.contains(where: { $0.id != present.instance }) {
            return fail(.conflict, "cannot move: no other instance than \(present.instance) takes resources")
        }
        let place = instance.map { ActivationMachine.Place.on($0) } ?? .elsewhere(than: present.instance)
        let departure = ActivationMachine.Departure(to: place, windowEnd: now + window, isRequested: true)
        apply(.depart(departure), to: slot, now, load, &actions)
    }

    // MARK: The machine of a resource

    /// Hands an event to the machine of a resource, if there is one: of an inactive one, answers are too late.
    mutating func apply(
        _ event: ActivationMachine.Event, _ resource: ResourceID, _ now: ContinuousClock.Instant, _ load: Load,
        _ actions: inout [Action]
    ) {
        guard let slot = table.slot(of: resource) else { return }
        apply(event, to: slot, now, load, &actions)
    }

    mutating func apply(
        _ event: ActivationMachine.Event, to slot: ActivationTable.Slot, _ now: ContinuousClock.Instant,
        _ load: Load, _ actions: inout [Action]
    ) {
        let resource = table[slot].resource
        let context = ActivationMachine.Context(service: service, resource: resource, configuration: configuration)
        var next: ActivationMachine.Event? = event
        while let current = next {
            next = nil
            let before = table[slot].machine
            let wanted = table.handle(current, slot, at: now, in: context)
            changed(slot, from: before, to: table[slot].machine)
            for action in wanted {
                if case .place(let place) = action {
                    next = choose(place, for: slot, load, &actions)
                } else {
                    carryOver(action, resource, now, &actions)
                }
            }
        }
        if table[slot].machine.phase == .inactive { table.remove(slot) }
    }

    private mutating func choose(
        _ place: ActivationMachine.Place, for slot: ActivationTable.Slot, _ load: Load, _ actions: inout [Action]
    ) -> ActivationMachine.Event {
        guard !isShuttingDown else { return .startFailed(shuttingDownError) }
        var possible = Array(candidates)
        switch place {
        case .anywhere:
            break
        case .elsewhere(let instance):
            if possible.count > 1 { possible.removeAll { $0.id == instance } }
        case .notOn(let instance):
            possible.removeAll { $0.id == instance }
        case .on(let instance):
            if let wanted = possible.first(where: { $0.id == instance }) { possible = [wanted] }
        }
        guard !possible.isEmpty else {
            if table[slot].machine.hasWaiters { actions.append(.needInstance) }
            return .noInstance
        }
        guard let epoch = epochs.next() else {
            return .startFailed(RPCError(.limitReached, "the epochs of term \(epochs.term) are used up"))
        }
        let chosen: Int
        if possible.count == 1 {
            chosen = 0
        } else {
            chosen = placement.place(
                table[slot].resource,
                among: possible.map {
                    PlacementCandidate(instance: $0.id, load: load($0.id) + $0.opening, resources: $0.resources)
                })
            precondition(
                possible.indices.contains(chosen),
                "\(type(of: placement)) chose candidate \(chosen) of \(possible.count)")
        }
        return .placed(Activation(instance: possible[chosen].id, epoch: epoch))
    }

    private mutating func carryOver(
        _ action: ActivationMachine.Action, _ resource: ResourceID, _ now: ContinuousClock.Instant,
        _ actions: inout [Action]
    ) {
        switch action {
        case .place: break
        case .sendNewResource(let activation): actions.append(.sendNewResource(resource, activation))
        case .activate(let activation): actions.append(.activate(resource, activation))
        case .releaseWaiters: actions.append(.releaseWaiters(resource))
        case .failWaiters(let error): actions.append(.failWaiters(resource, error))
        case .closeGate(let epoch, let how): actions.append(.closeGate(resource, epoch, how))
        case .endChannels(let epoch, let error): actions.append(.endChannels(resource, epoch, error))
        case .endCalls(let epoch, let error): actions.append(.endCalls(resource, epoch, error))
        case .sendCloseResource(let activation): actions.append(.sendCloseResource(resource, activation))
        case .forget(let epoch): actions.append(.forget(resource, epoch))
        case .moved(let activation): actions.append(.moved(resource, activation))
        case .moveFailed(let error): actions.append(.moveFailed(resource, error))
        case .drainInstanceAndKill(let instance, let why): condemn(instance, why, now, &actions)
        }
    }
}
