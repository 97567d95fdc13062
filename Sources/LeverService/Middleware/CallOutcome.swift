internal import LeverCore

/// How a call ended, in the few words that logs, metrics and spans have for it.
enum CallOutcome: Sendable, Hashable {
    /// With a result.
    case answered
    /// With the method's own error.
    case methodError
    /// With a status.
    case status(RPCError.Code)

    init(_ reply: RPCReply) {
        self =
            switch reply {
            case .result, .bytes: .answered
            case .error, .errorBytes: .methodError
            }
    }

    init(_ error: any Error) {
        self =
            switch MethodFailure(error) {
            case .own: .methodError
            case .status(let error): .status(error.code)
            }
    }

    /// One of some twenty words.
    var label: String {
        switch self {
        case .answered: "ok"
        case .methodError: "method-error"
        case .status(let code): code.name
        }
    }
}

/// A middleware that only watches: it is told when a call begins and how it ends.
protocol CallObserver: ServiceMiddleware {
    associatedtype Observation: Sendable

    /// A call begins.
    func began(_ context: CallContext) -> Observation

    /// It has ended, a channel when its method has returned.
    func ended(_ context: CallContext, _ observation: Observation, _ outcome: CallOutcome, _ error: (any Error)?)
}

extension CallObserver {
    func observe<Result: Sendable>(
        _ context: CallContext, _ outcome: (Result) -> CallOutcome, _ body: () async throws -> Result
    ) async throws -> Result {
        let observation = began(context)
        do {
            let result = try await body()
            ended(context, observation, outcome(result), nil)
            return result
        } catch {
            ended(context, observation, CallOutcome(error), error)
            throw error
        }
    }
}
