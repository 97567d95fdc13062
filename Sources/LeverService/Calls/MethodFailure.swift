package import LeverCore

/// How what a method throws reaches its caller.
package enum MethodFailure {
    /// As the method's own error.
    case own(RemoteError.Payload)
    /// As a gRPC status.
    case status(RPCError)

    package init(_ error: any Error) {
        switch error {
        case let error as ServiceError: self = .own(error.payload)
        case let error as RemoteError: self = .own(error.payload)
        case let error as any MethodError: self = Self.encoded(error)
        case let error as ArgumentFailure: self = .status(error.error)
        case let error as RPCError: self = .status(Self.passedOn(error))
        case is CancellationError: self = .status(RPCError(.cancelled, "the call was cancelled"))
        default: self = .own(.value(.string(String(describing: error))))
        }
    }

    private static func encoded(_ error: some MethodError) -> MethodFailure {
        do {
            return .own(.value(try StandaloneBytes.encode(error)))
        } catch let failure {
            return .status(
                RPCError(.defect, "an error of type \(type(of: error)) cannot be encoded: \(failure)", cause: failure))
        }
    }

    /// A status that the method sets itself. The reason stays behind: for a failed call to elsewhere it would say something
    /// about that call, such as that it never began, and be taken to be about this one.
    private static func passedOn(_ error: RPCError) -> RPCError {
        RPCError(code: error.code, message: error.message, origin: .instance, cause: error)
    }
}

/// A call whose arguments do not fit the method; its body has not run.
package struct ArgumentFailure: Error {
    package let error: RPCError

    package init(error: RPCError) {
        self.error = error
    }
}
