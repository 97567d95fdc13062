// From the first call to an activation that takes calls.
extension ActivationMachine {
    mutating func callsWaiting(_ context: Context) -> [Action] {
        switch state {
        case .inactive:
            state = .unplaced(hasWaiters: true, isRequested: false)
            return [.place(.anywhere)]
        case .unplaced(_, let isRequested):
            // Asked for again, so that an instance that nobody told of is found all the same.
            state = .unplaced(hasWaiters: true, isRequested: isRequested)
            return [.place(.anywhere)]
        case .active:
            return [.releaseWaiters]
        case .passing(let activation, var passage):
            switch passage.phase {
            case .leaving:
                return [.releaseWaiters]
            case .stuck:
                return [.failWaiters(stuckError(activation, context))]
            default:
                passage.hasWaiters = true
                state = .passing(activation, passage)
                return []
            }
        }
    }

    mutating func placed(
        _ activation: Activation, _ now: ContinuousClock.Instant, _ context: Context
    ) -> [Action] {
        guard case .unplaced(let hasWaiters, let isRequested) = state else { return [] }
        var passage = Passage(phase: .activating, deadline: now + context.configuration.newResourceTimeout)
        passage.hasWaiters = hasWaiters
        passage.isHandOver = !hasWaiters || isRequested
        passage.isRequested = isRequested
        state = .passing(activation, passage)
        return [.sendNewResource(activation)]
    }

    mutating func noInstance(_ context: Context) -> [Action] {
        guard case .unplaced(let hasWaiters, let isRequested) = state else { return [] }
        state = hasWaiters ? .unplaced(hasWaiters: true, isRequested: false) : .inactive
        guard isRequested else { return [] }
        return [.moveFailed(RPCError(.resourceUnavailable, "\(context.name) left its instance, and none can take it"))]
    }

    mutating func startFailed(_ error: RPCError) -> [Action] {
        guard case .unplaced(let hasWaiters, let isRequested) = state else { return [] }
        state = .inactive
        var actions: [Action] = []
        if hasWaiters { actions.append(.failWaiters(error)) }
        if isRequested { actions.append(.moveFailed(error)) }
        return actions
    }

    mutating func opened(_ epoch: Epoch) -> [Action] {
        guard let (activation, passage) = passage(.activating, epoch: epoch) else { return [] }
        state = .active(activation)
        missedOpenings = 0
        var actions: [Action] = [.activate(activation)]
        if passage.hasWaiters { actions.append(.releaseWaiters) }
        if passage.isRequested { actions.append(.moved(activation)) }
        return actions
    }

    mutating func openFailed(_ epoch: Epoch, _ error: RPCError, _ context: Context) -> [Action] {
        guard let (activation, passage) = passage(.activating, epoch: epoch) else { return [] }
        state = .inactive
        return failOpening(
            passage,
            RPCError(
                .resourceUnavailable,
                "\(context.name) could not be activated: NewResource failed on instance \(activation.instance): "
                    + error.message,
                cause: error))
    }

    /// The instance could not be reached: it has most likely just died, which the host is about to learn. Another is tried.
    mutating func openNotBegun(_ epoch: Epoch, _ error: RPCError, _ context: Context) -> [Action] {
        guard let (activation, passage) = passage(.activating, epoch: epoch) else { return [] }
        guard missedOpenings < Self.mostMissedOpenings, passage.hasWaiters || passage.isRequested else {
            missedOpenings = 0
            return openFailed(epoch, error, context)
        }
        missedOpenings += 1
        state = .unplaced(hasWaiters: passage.hasWaiters, isRequested: passage.isRequested)
        return [.place(.notOn(activation.instance))]
    }

    mutating func openUnanswered(
        _ epoch: Epoch, _ how: String, _ now: ContinuousClock.Instant, _ context: Context
    ) -> [Action] {
        guard let (activation, passage) = passage(.activating, epoch: epoch) else { return [] }
        return abandonOpening(activation, passage, how, now, context)
    }

    /// Nobody knows whether the instance holds the resource: the calls fail, and `CloseResource` makes sure before anything
    /// else happens.
    mutating func abandonOpening(
        _ activation: Activation, _ passage: Passage, _ how: String, _ now: ContinuousClock.Instant,
        _ context: Context
    ) -> [Action] {
        let error = RPCError(
            .resourceUnavailable,
            "\(context.name) could not be activated: NewResource got no answer from instance \(activation.instance): \(how)"
        )
        return failOpening(passage, error) + close(activation, Passage(phase: .closing), now, context)
    }

    private func failOpening(_ passage: Passage, _ error: RPCError) -> [Action] {
        var actions: [Action] = []
        if passage.hasWaiters { actions.append(.failWaiters(error)) }
        if passage.isRequested { actions.append(.moveFailed(error)) }
        return actions
    }

    /// The activation under way has ended with its instance.
    mutating func diedWhileOpening(
        _ activation: Activation, _ passage: Passage, _ how: String, _ context: Context
    ) -> [Action] {
        state = .inactive
        return failOpening(
            passage,
            RPCError(
                .resourceUnavailable,
                "\(context.name) could not be activated: instance \(activation.instance) died before it had answered "
                    + "NewResource: \(how)"))
    }

    // MARK: From an earlier run

    mutating func adopted(
        _ activation: Activation, isHeld: Bool, _ now: ContinuousClock.Instant, _ context: Context
    ) -> [Action] {
        guard case .inactive = state else { return [] }
        guard isHeld else {
            // Nobody knows what became of the hook that was on its way: `CloseResource` makes sure before anything else happens.
            return close(activation, Passage(phase: .closing), now, context)
        }
        state = .active(activation)
        return [.activate(activation)]
    }
}
