internal import LeverCore

/// What a method returned, its own error being thrown.
enum ReplyPayload: Sendable {
    case value(LeverValue)
    case bytes([UInt8])

    func decode<Result: Decodable>(_ type: Result.Type) throws -> Result {
        switch self {
        case .value(let value): try StandaloneBytes.decode(type, from: value)
        case .bytes(let bytes): try StandaloneBytes.decode(type, from: bytes)
        }
    }
}

extension RPCReply {
    /// The result; the method's own error is thrown as the first of some types that it has the form of, otherwise as
    /// `RemoteError`.
    func payload(of url: LeverURL, throwing types: [any (Error & Decodable).Type] = []) throws -> ReplyPayload {
        switch self {
        case .result(let value): .value(value)
        case .bytes(let bytes): .bytes(bytes)
        case .error(let value): throw RemoteError(url: url, payload: .value(value)).decoded(as: types)
        case .errorBytes(let bytes): throw RemoteError(url: url, payload: .bytes(bytes)).decoded(as: types)
        }
    }
}
