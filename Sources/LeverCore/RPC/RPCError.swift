/// An error that crosses the wire: what a caller of a method can get instead of a reply when the platform, or a status
/// that the instance set itself, ended the call.
///
/// A method's *own* error is not an `RPCError`: it is a value in the reply (``RPCReply/error(_:)``), sent with status 0.
public struct RPCError: Error, Sendable {
    /// The gRPC status code.
    public var code: Code
    /// What was wrong, naming the offending value. Control characters and non-ASCII are replaced on the wire.
    public var message: String
    /// The short token of `lever-error-reason` that tells apart the failures which share one status code.
    public var reason: Reason?
    /// Who ended the call.
    public var origin: Origin
    /// What led to this error in this process; it never crosses the wire.
    public var cause: (any Error)?

    /// Who ended the call.
    public enum Origin: Sendable, Hashable {
        /// Lever itself (`lever-error: platform`).
        case platform
        /// The service's instance, which set a gRPC status of its own (`lever-error: instance`).
        case instance
    }

    /// Makes an error of its parts.
    public init(
        code: Code, message: String, reason: Reason? = nil, origin: Origin = .platform, cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.reason = reason
        self.origin = origin
        self.cause = cause
    }

    /// A platform error whose code follows from its reason (the table of errors in the design document).
    public init(_ reason: Reason, _ message: String, cause: (any Error)? = nil) {
        self.init(code: reason.code, message: message, reason: reason, cause: cause)
    }
}

extension RPCError: CustomStringConvertible {
    /// Code, message, reason and cause, for logs.
    public var description: String {
        var text = "\(code): \(message)"
        if let reason { text += " (\(reason))" }
        if let cause { text += " [\(cause)]" }
        return text
    }
}

extension RPCError: Equatable {
    /// Compares what crosses the wire; the cause is left out.
    public static func == (left: RPCError, right: RPCError) -> Bool {
        left.code == right.code && left.message == right.message && left.reason == right.reason
            && left.origin == right.origin
    }
}
