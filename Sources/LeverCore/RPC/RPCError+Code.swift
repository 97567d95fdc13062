extension RPCError {
    /// A gRPC status code other than 0 (OK).
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Wrapped: Int, Sendable {
            case cancelled = 1
            case unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
            case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, internalError
            case unavailable, dataLoss, unauthenticated
        }

        private let wrapped: Wrapped

        private init(_ wrapped: Wrapped) {
            self.wrapped = wrapped
        }

        /// The code with this number; `nil` for 0 and for numbers that gRPC does not define.
        public init?(rawValue: Int) {
            guard let wrapped = Wrapped(rawValue: rawValue) else { return nil }
            self.wrapped = wrapped
        }

        /// The number that `grpc-status` carries, 1 to 16.
        public var rawValue: Int { wrapped.rawValue }

        /// 1: the caller gave the call up.
        public static let cancelled = Self(.cancelled)
        /// 2: an error without a better code; old services answer it for a missing method.
        public static let unknown = Self(.unknown)
        /// 3: the URL, the arguments or the body are malformed.
        public static let invalidArgument = Self(.invalidArgument)
        /// 4: the deadline passed first.
        public static let deadlineExceeded = Self(.deadlineExceeded)
        /// 5: no such environment, service or resource.
        public static let notFound = Self(.notFound)
        /// 6: it is there already.
        public static let alreadyExists = Self(.alreadyExists)
        /// 7: the caller may not do this.
        public static let permissionDenied = Self(.permissionDenied)
        /// 8: a limit or a queue is full.
        public static let resourceExhausted = Self(.resourceExhausted)
        /// 9: the state of things does not allow it.
        public static let failedPrecondition = Self(.failedPrecondition)
        /// 10: a concurrent operation won.
        public static let aborted = Self(.aborted)
        /// 11: past the valid range.
        public static let outOfRange = Self(.outOfRange)
        /// 12: no such method.
        public static let unimplemented = Self(.unimplemented)
        /// 13: a defect.
        public static let internalError = Self(.internalError)
        /// 14: nothing is there to answer at present.
        public static let unavailable = Self(.unavailable)
        /// 15: data is lost.
        public static let dataLoss = Self(.dataLoss)
        /// 16: no or wrong credentials.
        public static let unauthenticated = Self(.unauthenticated)

        /// The name of the code as gRPC writes it, for example `NOT_FOUND`.
        public var name: String {
            switch wrapped {
            case .cancelled: "CANCELLED"
            case .unknown: "UNKNOWN"
            case .invalidArgument: "INVALID_ARGUMENT"
            case .deadlineExceeded: "DEADLINE_EXCEEDED"
            case .notFound: "NOT_FOUND"
            case .alreadyExists: "ALREADY_EXISTS"
            case .permissionDenied: "PERMISSION_DENIED"
            case .resourceExhausted: "RESOURCE_EXHAUSTED"
            case .failedPrecondition: "FAILED_PRECONDITION"
            case .aborted: "ABORTED"
            case .outOfRange: "OUT_OF_RANGE"
            case .unimplemented: "UNIMPLEMENTED"
            case .internalError: "INTERNAL"
            case .unavailable: "UNAVAILABLE"
            case .dataLoss: "DATA_LOSS"
            case .unauthenticated: "UNAUTHENTICATED"
            }
        }

        /// The name, as gRPC writes it.
        public var description: String { name }
    }
}
