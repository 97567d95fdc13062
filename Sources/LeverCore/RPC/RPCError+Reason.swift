extension RPCError {
    /// The value of `lever-error-reason`: which row of the table of errors a platform error belongs to.
    ///
    /// It is open, so that a newer host's token survives an older client; the tokens of this version are the static
    /// members. Each decides the gRPC status (``code``) and the HTTP status (``httpStatus``).
    public struct Reason: Sendable, Hashable, CustomStringConvertible {
        /// The token on the wire: lower-case words joined by `-`.
        public let token: String

        /// The reason with this token, known to this version or not.
        public init(token: String) {
            self.token = token
        }

        /// The token.
        public var description: String { token }

        /// The URL or one of its names is malformed.
        public static let badURL = Self(token: "bad-url")
        /// The arguments, the body or a message is malformed.
        public static let badMessage = Self(token: "bad-message")
        /// No such environment.
        public static let noEnvironment = Self(token: "no-environment")
        /// No such service in the environment.
        public static let noService = Self(token: "no-service")
        /// No such resource.
        public static let noResource = Self(token: "no-resource")
        /// No such version.
        public static let noVersion = Self(token: "no-version")
        /// The service has no such method, or a method of the other kind.
        public static let noMethod = Self(token: "no-method")
        /// The content coding of the message is not supported.
        public static let unsupportedEncoding = Self(token: "unsupported-encoding")
        /// A private service, called from outside its environment.
        public static let privateService = Self(token: "private-service")
        /// The caller may not do this.
        public static let forbidden = Self(token: "forbidden")
        /// No or wrong credentials.
        public static let unauthenticated = Self(token: "unauthenticated")
        /// The verb is not one that the HTTP API has.
        public static let badVerb = Self(token: "bad-verb")
        /// A body, message or header is larger than allowed.
        public static let tooLarge = Self(token: "too-large")
        /// The queue of calls that wait is full.
        public static let queueFull = Self(token: "queue-full")
        /// Another limit is reached.
        public static let limitReached = Self(token: "limit-reached")
        /// Calls on behalf of calls are nested too deeply.
        public static let tooDeep = Self(token: "too-deep")
        /// The deadline passed.
        public static let deadline = Self(token: "deadline")
        /// The caller gave up.
        public static let cancelled = Self(token: "cancelled")
        /// An instance could not be started.
        public static let startFailed = Self(token: "start-failed")
        /// The instance died, or its connection was lost, during the call.
        public static let instanceDied = Self(token: "instance-died")
        /// The resource could not be activated, or is being moved.
        public static let resourceUnavailable = Self(token: "resource-unavailable")
        /// The host could not be reached.
        public static let unreachable = Self(token: "unreachable")
        /// The host or instance is shutting down.
        public static let shuttingDown = Self(token: "shutting-down")
        /// The state of things does not allow the operation.
        public static let conflict = Self(token: "conflict")
        /// A defect of Lever.
        public static let defect = Self(token: "defect")

        /// The gRPC status of the reason; ``RPCError/Code/unknown`` for a token of another version.
        public var code: Code {
            switch self {
            case .badURL, .badMessage: .invalidArgument
            case .noEnvironment, .noService, .noResource, .noVersion: .notFound
            case .noMethod, .unsupportedEncoding, .badVerb: .unimplemented
            case .privateService, .forbidden: .permissionDenied
            case .unauthenticated: .unauthenticated
            case .tooLarge, .queueFull, .limitReached, .tooDeep: .resourceExhausted
            case .deadline: .deadlineExceeded
            case .cancelled: .cancelled
            case .startFailed, .instanceDied, .resourceUnavailable, .unreachable, .shuttingDown: .unavailable
            case .conflict: .failedPrecondition
            case .defect: .internalError
            default: .unknown
            }
        }

        /// The HTTP status of the reason where it differs from that of its code.
        var ownHTTPStatus: Int? {
            switch self {
            case .badVerb: 405
            case .tooLarge: 413
            case .instanceDied: 502
            default: nil
            }
        }
    }

    /// The HTTP status that stands for this error at the gateway.
    public var httpStatus: Int {
        reason?.ownHTTPStatus ?? code.httpStatus
    }
}

extension RPCError.Code {
    /// The HTTP status that stands for this code where the reason does not say more.
    public var httpStatus: Int {
        switch self {
        case .invalidArgument, .outOfRange: 400
        case .unauthenticated: 401
        case .permissionDenied: 403
        case .notFound, .unimplemented: 404
        case .alreadyExists, .aborted, .failedPrecondition: 409
        case .resourceExhausted: 429
        case .cancelled: 499
        case .unavailable: 503
        case .deadlineExceeded: 504
        default: 500
        }
    }
}
