// From an active resource to one that is nowhere, or on its way to another instance.
extension ActivationMachine {
    // MARK: Reasons to leave

    mutating func idle(_ epoch: Epoch) -> [Action] {
        guard case .active(let activation) = state, activation.epoch == epoch else { return [] }
        state = .passing(activation, Passage(phase: .probing))
        return [.closeGate(epoch, .ifIdle)]
    }

    mutating func depart(_ departure: Departure, _ context: Context) -> [Action] {
        if case .passing(let activation, var passage) = state, passage.phase == .leaving, !departure.isRequested {
            passage.deadline = min(passage.deadline ?? departure.windowEnd, departure.windowEnd)
            if departure.to == nil { passage.departure?.to = nil }
            state = .passing(activation, passage)
            return []
        }
        guard case .active(let activation) = state else {
            guard departure.isRequested else { return [] }
            return [.moveFailed(notMovable(context))]
        }
        // Whether anybody is inside is asked first even when there is no window, so that many idle ones leave a few at a time.
        let passage = Passage(phase: .probing, departure: departure, isRequested: departure.isRequested)
        state = .passing(activation, passage)
        return [.closeGate(activation.epoch, .ifIdle)]
    }

    private func notMovable(_ context: Context) -> RPCError {
        switch phase {
        case .inactive, .unplaced, .active:
            RPCError(.noResource, "\(context.name) is not active: its next call places it")
        case .activating, .stuck:
            RPCError(.conflict, "\(context.name) cannot be moved while it is \(phase)")
        case .probing, .leaving, .draining, .closing:
            RPCError(.conflict, "\(context.name) is leaving its instance already")
        }
    }

    // MARK: The gate

    mutating func busy(_ epoch: Epoch, _ now: ContinuousClock.Instant, _ context: Context) -> [Action] {
        guard let (activation, found) = passage(.probing, epoch: epoch) else { return [] }
        var passage = found
        let waiters: [Action] = passage.hasWaiters ? [.releaseWaiters] : []
        guard let departure = passage.departure else {
            state = .active(activation)
            return waiters
        }
        guard departure.windowEnd > now else { return drain(activation, passage, now, context) }
        passage.phase = .leaving
        passage.deadline = departure.windowEnd
        passage.hasWaiters = false
        state = .passing(activation, passage)
        return [.closeGate(epoch, .whenIdle)] + waiters
    }

    mutating func drained(_ epoch: Epoch, _ now: ContinuousClock.Instant, _ context: Context) -> [Action] {
        guard let (activation, passage) = passage(.probing, .leaving, .draining, epoch: epoch) else { return [] }
        return close(activation, passage, now, context)
    }

    private mutating func drain(
        _ activation: Activation, _ passage: Passage, _ now: ContinuousClock.Instant, _ context: Context
    ) -> [Action] {
        var passage = passage
        passage.phase = .draining
        passage.deadline = now + context.configuration.drainTimeout
        state = .passing(activation, passage)
        let why =
            passage.departure?.to == nil
            ? RPCError(.shuttingDown, "\(context.name) is being closed: its service ends")
            : RPCError(.resourceUnavailable, "\(context.name) has moved to another instance")
        return [.closeGate(activation.epoch, .now), .endChannels(activation.epoch, why)]
    }

    // MARK: CloseResource

    mutating func close(
        _ activation: Activation, _ passage: Passage, _ now: ContinuousClock.Instant, _ context: Context
    ) -> [Action] {
        var passage = passage
        passage.phase = .closing
        passage.deadline = now + context.configuration.closeResourceTimeout
        passage.missingAnswer = nil
        state = .passing(activation, passage)
        return [.sendCloseResource(activation)]
    }

    mutating func closeAnswered(_ epoch: Epoch) -> [Action] {
        guard let (activation, passage) = passage(.closing, .stuck, epoch: epoch) else { return [] }
        return released(activation, passage)
    }

    mutating func closeUnanswered(
        _ epoch: Epoch, _ how: String, _ now: ContinuousClock.Instant, _ context: Context
    ) -> [Action] {
        guard let (activation, found) = passage(.closing, epoch: epoch), found.missingAnswer == nil else { return [] }
        var passage = found
        // Most often the instance is dying, which the host is about to learn; then nobody need be told of an error.
        passage.missingAnswer = how
        let grace = now + context.configuration.lostAnswerGrace
        passage.deadline = min(passage.deadline ?? grace, grace)
        state = .passing(activation, passage)
        return []
    }

    private mutating func becomeStuck(
        _ activation: Activation, _ passage: Passage, _ context: Context
    ) -> [Action] {
        var next = Passage(phase: .stuck)
        next.missingAnswer =
            passage.missingAnswer ?? "it took longer than \(context.configuration.closeResourceTimeout)"
        state = .passing(activation, next)
        let error = stuckError(activation, context)
        var actions: [Action] = []
        if passage.hasWaiters { actions.append(.failWaiters(error)) }
        if passage.isRequested { actions.append(.moveFailed(error)) }
        actions.append(.drainInstanceAndKill(activation.instance, why: error.message))
        return actions
    }

    func stuckError(_ activation: Activation, _ context: Context) -> RPCError {
        var how = ""
        if case .passing(_, let passage) = state, let missing = passage.missingAnswer { how = ": \(missing)" }
        return RPCError(
            .resourceUnavailable,
            "\(context.name) is unavailable until instance \(activation.instance) has ended, which did not answer "
                + "CloseResource\(how)")
    }

    /// The instance has let go of the resource, or is dead: only now another may take it.
    private mutating func released(_ activation: Activation, _ passage: Passage) -> [Action] {
        let forget = Action.forget(activation.epoch)
        guard passage.hasWaiters || passage.departure?.to != nil else {
            state = .inactive
            return [forget]
        }
        state = .unplaced(hasWaiters: passage.hasWaiters, isRequested: passage.isRequested)
        return [forget, .place(passage.departure?.to ?? .anywhere)]
    }

    mutating func instanceDied(_ how: String, _ context: Context) -> [Action] {
        switch state {
        case .inactive, .unplaced:
            return []
        case .active(let activation):
            state = .inactive
            return [.forget(activation.epoch)]
        case .passing(let activation, var passage):
            if passage.phase == .activating { return diedWhileOpening(activation, passage, how, context) }
            // What nobody waits for stays down until its next call.
            if !passage.isRequested { passage.departure = nil }
            return released(activation, passage)
        }
    }

    // MARK: Time

    mutating func timer(_ now: ContinuousClock.Instant, _ context: Context) -> [Action] {
        guard case .passing(let activation, let passage) = state, let deadline = passage.deadline, deadline <= now
        else { return [] }
        switch passage.phase {
        case .activating:
            let how = "it took longer than \(context.configuration.newResourceTimeout)"
            return abandonOpening(activation, passage, how, now, context)
        case .leaving:
            return drain(activation, passage, now, context)
        case .draining:
            let error = RPCError(
                .resourceUnavailable,
                "\(context.name) left instance \(activation.instance) before the call had ended, "
                    + "\(context.configuration.drainTimeout) after new calls were held back")
            // They are out in a moment, and only then it is closed: a service without the hook would answer before.
            guard !passage.isEnding else { return close(activation, passage, now, context) }
            var passage = passage
            passage.isEnding = true
            passage.deadline = now + context.configuration.lostAnswerGrace
            state = .passing(activation, passage)
            return [.endCalls(activation.epoch, error)]
        case .closing:
            return becomeStuck(activation, passage, context)
        case .inactive, .unplaced, .active, .probing, .stuck:
            return []
        }
    }
}
