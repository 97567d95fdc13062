public import LeverCore

/// A method's own error: thrown by a method, it reaches the caller as this value, with gRPC status 0 (as HTTP: 500, the value
/// as the body).
///
/// ```swift
/// throw ServiceError(["code": "sold-out", "left": 0])
/// ```
public struct ServiceError: Error, Sendable, Hashable {
    /// The error as it travels.
    public var payload: RemoteError.Payload

    /// An error that is a value.
    public init(_ value: LeverValue) {
        payload = .value(value)
    }

    /// An error that is bytes.
    public init(bytes: [UInt8]) {
        payload = .bytes(bytes)
    }

    /// An error made of anything encodable.
    ///
    /// - Throws: `EncodingError` where it cannot become a value.
    public init(encoding value: some Encodable) throws {
        payload =
            if let bytes = StandaloneBytes.bytes(of: value) { .bytes(bytes) } else {
                .value(try StandaloneBytes.encode(value))
            }
    }
}

/// How what a method throws reaches its caller.
enum MethodFailure {
    /// As the method's own error.
    case own(RemoteError.Payload)
    /// As a gRPC status.
    case status(RPCError)

    init(_ error: any Error) {
        switch error {
        case let error as ServiceError: self = .own(error.payload)
        case let error as RemoteError: self = .own(error.payload)
        case let error as ArgumentFailure: self = .status(error.error)
        case let error as RPCError: self = .status(Self.passedOn(error))
        case is CancellationError: self = .status(RPCError(.cancelled, "the call was cancelled"))
        default: self = .own(.value(.string(String(describing: error))))
        }
    }

    /// A status that the method sets itself. The reason stays behind: for a failed call to elsewhere it would say something
    /// about that call, such as that it never began, and be taken to be about this one.
    private static func passedOn(_ error: RPCError) -> RPCError {
        RPCError(code: error.code, message: error.message, origin: .instance, cause: error)
    }
}

/// A call whose arguments do not fit the method; its body has not run.
struct ArgumentFailure: Error {
    let error: RPCError
}
