internal import LeverCore

/// A transport whose calls are made again, or more than once, as the policies say.
struct RetryingTransport: RPCTransport {
    let retrier: Retrier
    let next: any RPCTransport

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        if let hedging = retrier.hedging, context.isIdempotent {
            return try await HedgedCall(retrier: retrier, policy: hedging, next: next).run(context, arguments)
        }
        return try await repeating(context) { try await next.call(context, arguments) }
    }

    /// A channel is opened again only while it is not open.
    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        try await repeating(context) { try await next.open(context, arguments) }
    }

    private func repeating<Result>(_ context: CallContext, _ body: () async throws -> Result) async throws -> Result {
        var schedule = RetrySchedule(
            retrier.policy, isIdempotent: context.isIdempotent, deadline: context.deadline)
        while true {
            do {
                let result = try await body()
                retrier.succeeded()
                return result
            } catch let error as RPCError {
                guard case .retry(let wait) = retrier.action(for: error, &schedule) else { throw error }
                try await Task.sleep(for: wait)
            }
        }
    }
}
