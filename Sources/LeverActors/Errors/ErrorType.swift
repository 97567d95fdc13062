internal import LeverCore
internal import LeverService
internal import Synchronization

/// How errors of a program's own types travel: as their value, in which `$type` names the type, so that a caller whose program has
/// it gets an error of the same type.
///
/// `struct Full: Error, Codable { var seats: Int }` of the module `chat` is `{"$type": "chat.Full", "seats": 3}`; what encodes to
/// something else than an object stands beside the type, as `value`.
enum ErrorType {
    private static let typeKey = "$type"
    private static let valueKey = "value"

    /// Names that were looked up. Who calls a hostile service should not have to remember all of its names.
    private static let found = Mutex<[String: (any (Error & Decodable).Type)?]>([:])
    private static let maximumFound = 1000

    /// The error as it travels; `nil` where its type cannot travel, or says itself how it does.
    static func payload(of error: any Error, in coding: ActorCoding) throws -> ServiceError? {
        if error is ServiceError || error is RemoteError { return nil }
        guard let error = error as? any Error & Encodable else { return nil }
        let value = try coding.encode(error)
        let name = String(reflecting: Swift.type(of: error))
        guard isName(name) else { return ServiceError(value) }
        var pairs: [(key: String, value: LeverValue)] = [(typeKey, .string(name))]
        if case .object(let object) = value {
            pairs += object.map { (key: $0.key, value: $0.value) }
        } else {
            pairs.append((valueKey, value))
        }
        return ServiceError(.object(LeverObject(pairs)))
    }

    /// A method's own error as this program knows it; `RemoteError` where it does not.
    static func error(_ value: LeverValue, of url: LeverURL, in coding: ActorCoding) -> any Error {
        guard let name = value[typeKey]?.stringValue, let type = known(name) else {
            return RemoteError(url: url, payload: .value(value))
        }
        var properties = value
        properties[typeKey] = nil
        if let error = try? coding.decode(type, from: properties) { return error }
        if let only = value[valueKey], let error = try? coding.decode(type, from: only) { return error }
        return RemoteError(url: url, payload: .value(value))
    }

    private static func known(_ name: String) -> (any (Error & Decodable).Type)? {
        if let type = found.withLock({ $0[name] }) { return type }
        let type = search(name)
        found.withLock { found in if found.count < maximumFound { found[name] = .some(type) } }
        return type
    }

    /// Finds a type by its name: the name does not say whether each of its parts is a struct, an enum or a class, which the runtime
    /// has to be told.
    private static func search(_ name: String) -> (any (Error & Decodable).Type)? {
        guard isName(name) else { return nil }
        let parts = name.split(separator: ".")
        guard (2...5).contains(parts.count) else { return nil }
        var candidates = ["\(parts[0].utf8.count)\(parts[0])"]
        for part in parts.dropFirst() {
            candidates = candidates.flatMap { start in
                ["V", "O", "C"].map { kind in "\(start)\(part.utf8.count)\(part)\(kind)" }
            }
        }
        for candidate in candidates {
            if let type = _typeByName(candidate) as? any (Error & Decodable).Type { return type }
        }
        return nil
    }

    /// Whether a name is made of identifiers and dots alone; those of generic, local and private types are not.
    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= 200
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                guard let first = part.utf8.first, first < 0x30 || first > 0x39 else { return false }
                return part.utf8.allSatisfy { byte in
                    byte == 0x5F || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                        || (0x61...0x7A).contains(byte)
                }
            }
    }
}
