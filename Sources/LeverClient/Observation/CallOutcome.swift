internal import LeverCore

/// How a call ended, in the few words that metrics and spans have for it.
enum CallOutcome: Sendable, Hashable {
    /// With a result.
    case answered
    /// With the method's own error.
    case methodError
    /// With a status.
    case status(RPCError.Code)
    /// With an error of this process: the client was shut down, an interceptor refused the call.
    case local

    init(_ reply: RPCReply) {
        self =
            switch reply {
            case .result, .bytes: .answered
            case .error, .errorBytes: .methodError
            }
    }

    init(_ error: any Error) {
        self =
            switch error {
            case let error as RPCError: .status(error.code)
            case is CancellationError: .status(.cancelled)
            default: .local
            }
    }

    /// One of some twenty words.
    var label: String {
        switch self {
        case .answered: "ok"
        case .methodError: "method-error"
        case .status(let code): code.name
        case .local: "local-error"
        }
    }
}
