// What concerns all resources of an instance, or all of the service.
extension ResourceDirectory {
    /// One instance as the directory sees it.
    public struct Instance: Sendable {
        /// The instance.
        public let id: InstanceID
        /// The version that it runs.
        public let version: Int
        /// Until when calls go on to where its resources are, once it leaves.
        public internal(set) var windowEnd: ContinuousClock.Instant?
        /// Whether it did not answer and is to be killed.
        public internal(set) var isCondemned = false

        /// Its resources; those that are still to be looked at come first while it leaves.
        var list = ActivationTable.List()
        /// How many of the first in the list are still to be looked at.
        var unseen = 0
        /// Resources that are being given up without calls in them.
        var givingUp = 0
        /// Resources that it does not let go of.
        var stuck = 0
        /// Activations under way.
        var opening = 0

        /// Whether it was reported that nothing is left on it.
        var isReportedEmpty = false

        /// Whether its resources leave it.
        public var isLeaving: Bool { windowEnd != nil }
        /// Resources that it holds, those on their way in or out included.
        public var resources: Int { list.count }
    }

    /// The instances that take resources.
    var candidates: some Sequence<Instance> {
        instances.lazy.filter { [liveVersion] in !$0.isLeaving && $0.version == liveVersion }
    }

    var shuttingDownError: RPCError {
        RPCError(.shuttingDown, "service \(service) is being stopped")
    }

    // MARK: Coming

    mutating func instanceReady(
        _ id: InstanceID, version: Int, _ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]
    ) {
        guard indexes[id] == nil else { return }
        indexes[id] = instances.count
        instances.append(Instance(id: id, version: version))
        placeAll(now, load, &actions)
    }

    mutating func adopted(
        _ id: InstanceID, _ holdings: InstanceHoldings, _ now: ContinuousClock.Instant, _ load: Load,
        _ actions: inout [Action]
    ) {
        guard indexes[id] != nil else { return }
        for (resources, isHeld) in [(holdings.held, true), (holdings.unsettled, false)] {
            for resource in resources {
                guard table.slot(of: resource.id) == nil else {
                    condemn(
                        id, "resource \(resource.id.quoted) of \(service) was known before instance \(id) was adopted",
                        now, &actions)
                    continue
                }
                let activation = Activation(instance: id, epoch: resource.epoch)
                apply(
                    .adopted(activation, isHeld: isHeld), to: table.insert(resource.id), now, load, &actions)
            }
        }
    }

    mutating func instanceUndrained(
        _ id: InstanceID, _ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]
    ) {
        guard let index = indexes[id], !instances[index].isCondemned, !isShuttingDown else { return }
        instances[index].windowEnd = nil
        instances[index].unseen = 0
        instances[index].isReportedEmpty = false
        placeAll(now, load, &actions)
    }

    mutating func versionLive(
        _ version: Int, _ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]
    ) {
        liveVersion = version
        for instance in instances where instance.version != version {
            leave(instance.id, windowEnd: now + configuration.moveWindow)
        }
        placeAll(now, load, &actions)
    }

    /// Places what waits for an instance, now that there may be one.
    private mutating func placeAll(_ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]) {
        guard candidates.contains(where: { _ in true }) else { return }
        while let slot = unplaced.first { apply(.callsWaiting, to: slot, now, load, &actions) }
    }

    mutating func startFailed(
        _ error: RPCError, _ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]
    ) {
        while let slot = unplaced.first { apply(.startFailed(error), to: slot, now, load, &actions) }
    }

    // MARK: Going

    /// Begins to hand over the resources of an instance; a second time only shortens the window.
    mutating func leave(_ id: InstanceID, windowEnd: ContinuousClock.Instant) {
        guard let index = indexes[id] else { return }
        if let earlier = instances[index].windowEnd, earlier <= windowEnd, !isShuttingDown { return }
        instances[index].windowEnd = min(instances[index].windowEnd ?? windowEnd, windowEnd)
        // Also those that have begun to leave hear of it: they may have to hurry.
        instances[index].unseen = instances[index].list.count
    }

    /// Ends an instance that did not answer.
    mutating func condemn(
        _ id: InstanceID, _ why: String, _ now: ContinuousClock.Instant, _ actions: inout [Action]
    ) {
        guard let index = indexes[id], !instances[index].isCondemned else { return }
        instances[index].isCondemned = true
        leave(id, windowEnd: now + configuration.moveWindow)
        actions.append(.drainInstanceAndKill(id, why: why))
    }

    mutating func instanceDied(
        _ id: InstanceID, how: String, _ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]
    ) {
        guard let index = indexes[id] else { return }
        // Nothing is placed on it from here on.
        leave(id, windowEnd: now)
        while let slot = instances[index].list.first { apply(.instanceDied(how: how), to: slot, now, load, &actions) }
        instances.remove(at: index)
        indexes[id] = nil
        for later in instances[index...].indices { indexes[instances[later].id] = later }
        // What waited for another than the dead one may have waited for none.
        placeAll(now, load, &actions)
        if unplaced.first != nil { actions.append(.needInstance) }
    }

    mutating func shutdown(_ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]) {
        guard !isShuttingDown else { return }
        isShuttingDown = true
        startFailed(shuttingDownError, now, load, &actions)
        for instance in instances { leave(instance.id, windowEnd: now) }
    }

    /// Takes the next resources from the instances that leave, as many as may be on their way at once.
    mutating func continueLeaving(_ now: ContinuousClock.Instant, _ load: Load, _ actions: inout [Action]) {
        let limit = configuration.handOversAtOnce
        for index in instances.indices {
            while let windowEnd = instances[index].windowEnd, instances[index].unseen > 0,
                instances[index].givingUp < limit, handingOver < limit, let slot = instances[index].list.first
            {
                instances[index].unseen -= 1
                table.unlink(slot, from: &instances[index].list)
                table.append(slot, to: &instances[index].list)
                guard table[slot].machine.phase == .active || table[slot].machine.phase == .leaving else { continue }
                let departure = ActivationMachine.Departure(
                    to: isShuttingDown ? nil : .anywhere, windowEnd: windowEnd)
                apply(.depart(departure), to: slot, now, load, &actions)
            }
            // Nothing comes to an instance that leaves, so this stays true.
            if instances[index].isLeaving, instances[index].list.count == 0, !instances[index].isReportedEmpty {
                instances[index].isReportedEmpty = true
                actions.append(.emptied(instances[index].id))
            }
        }
    }

    // MARK: Bookkeeping

    /// A machine has changed: keeps the lists, the counts and the deadlines true.
    mutating func changed(
        _ slot: ActivationTable.Slot, from old: ActivationMachine, to new: ActivationMachine
    ) {
        deadlineChanged(slot, from: old.deadline, to: new.deadline)
        handingOver += (new.isHandingOver ? 1 : 0) - (old.isHandingOver ? 1 : 0)
        count(old, -1)
        count(new, +1)
        if old.activation?.instance != new.activation?.instance || (old.phase == .unplaced) != (new.phase == .unplaced)
        {
            unlink(slot, old)
            link(slot, new)
        } else if new.phase == .active, old.phase != .active,
            let index = new.activation.flatMap({ indexes[$0.instance] }),
            instances[index].isLeaving
        {
            // It was not active when it was looked at: it is looked at again.
            table.unlink(slot, from: &instances[index].list)
            table.prepend(slot, to: &instances[index].list)
            instances[index].unseen += 1
        }
    }

    private mutating func count(_ machine: ActivationMachine, _ change: Int) {
        guard let index = machine.activation.flatMap({ indexes[$0.instance] }) else { return }
        switch machine.phase {
        case .activating: instances[index].opening += change
        case .probing, .closing: instances[index].givingUp += change
        case .stuck: instances[index].stuck += change
        case .inactive, .unplaced, .active, .leaving, .draining: break
        }
    }

    private mutating func link(_ slot: ActivationTable.Slot, _ machine: ActivationMachine) {
        if machine.phase == .unplaced {
            table.append(slot, to: &unplaced)
        } else if let index = machine.activation.flatMap({ indexes[$0.instance] }) {
            table.append(slot, to: &instances[index].list)
        }
    }

    private mutating func unlink(_ slot: ActivationTable.Slot, _ machine: ActivationMachine) {
        if machine.phase == .unplaced {
            table.unlink(slot, from: &unplaced)
        } else if let index = machine.activation.flatMap({ indexes[$0.instance] }) {
            table.unlink(slot, from: &instances[index].list)
        }
    }
}
