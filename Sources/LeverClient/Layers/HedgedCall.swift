internal import LeverCore

/// One idempotent call that may be made several times at once; the first answer counts.
struct HedgedCall: Sendable {
    private enum Event: Sendable {
        case answered(RPCReply)
        case failed(any Error)
        case timer(Int)
    }

    let retrier: Retrier
    let policy: HedgingPolicy
    let next: any RPCTransport

    func run(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await withThrowingTaskGroup(of: Event.self) { group in
            var schedule = HedgeSchedule(policy)
            attempt(context, arguments, &group)
            perform(schedule.begin(), context, arguments, &group)
            // What is still open when this returns is cancelled.
            defer { group.cancelAll() }
            while let event = try await group.next() {
                switch event {
                case .answered(let reply):
                    retrier.succeeded()
                    return reply
                case .timer(let number):
                    let actions = retrier.decide { schedule.timerFired(number, budget: $0) }
                    perform(actions, context, arguments, &group)
                case .failed(let error):
                    let isFinal = !isWorthAnother(error)
                    let actions = retrier.decide { schedule.failed(isFinal: isFinal, budget: &$0) }
                    if actions.contains(.giveUp) { throw error }
                    perform(actions, context, arguments, &group)
                }
            }
            throw CancellationError()
        }
    }

    private func isWorthAnother(_ error: any Error) -> Bool {
        guard let error = error as? RPCError else { return false }
        return retrier.policy.allowsRetry(after: error, isIdempotent: true)
    }

    private func perform(
        _ actions: [HedgeSchedule.Action], _ context: CallContext, _ arguments: RPCArguments,
        _ group: inout ThrowingTaskGroup<Event, any Error>
    ) {
        for action in actions {
            switch action {
            case .attempt: attempt(context, arguments, &group)
            case .wait(let time, let number):
                group.addTask {
                    try? await Task.sleep(for: time)
                    return .timer(number)
                }
            case .giveUp: break
            }
        }
    }

    private func attempt(
        _ context: CallContext, _ arguments: RPCArguments, _ group: inout ThrowingTaskGroup<Event, any Error>
    ) {
        let next = next
        group.addTask {
            do { return .answered(try await next.call(context, arguments)) } catch { return .failed(error) }
        }
    }
}
