/// The method's own error: the method ran, and this is what it answered instead of a result.
///
/// ```swift
/// do {
///     try await shop.invoke("Order", item)
/// } catch let error as RemoteError where error.value?["code"] == "sold-out" {
///     …
/// }
/// ```
///
/// Every other failure of a call is an ``RPCError``.
public struct RemoteError: Error, Sendable, Hashable {
    /// The error as it travels.
    public enum Payload: Sendable, Hashable {
        case value(LeverValue)
        case bytes([UInt8])
    }

    /// The method that answered it.
    public var url: LeverURL
    /// What it answered.
    public var payload: Payload

    /// Names the method and what it answered.
    public init(url: LeverURL, payload: Payload) {
        self.url = url
        self.payload = payload
    }

    /// The error as a value; `nil` where it is bytes.
    public var value: LeverValue? { if case .value(let value) = payload { value } else { nil } }

    /// The error as bytes; `nil` where it is a value.
    public var bytes: [UInt8]? { if case .bytes(let bytes) = payload { bytes } else { nil } }

    /// The error as a type of the program's own.
    ///
    /// - Throws: `DecodingError` where it has another form.
    public func decode<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        switch payload {
        case .value(let value): try StandaloneBytes.decode(type, from: value)
        case .bytes(let bytes): try StandaloneBytes.decode(type, from: bytes)
        }
    }
}

extension RemoteError {
    /// The error as the first of some types that it has the form of; itself where it has none of theirs.
    package func decoded(as types: [any (Error & Decodable).Type]) -> any Error {
        for type in types {
            if let error = try? decode(as: type) { return error }
        }
        return self
    }
}

extension RemoteError: CustomStringConvertible {
    /// What failed, and the error as text.
    public var description: String {
        switch payload {
        case .value(.string(let text)): "\(url) failed: \(text)"
        case .value(let value): "\(url) failed: \(value)"
        case .bytes(let bytes): "\(url) failed with an error of \(bytes.count) bytes"
        }
    }
}
