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
