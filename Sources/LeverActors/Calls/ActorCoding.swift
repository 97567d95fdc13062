internal import Distributed
internal import LeverCore

/// Makes values of arguments and results, and these of values. Actors among them find their system, for which reason none of
/// this can be kept by the system.
struct ActorCoding: Sendable {
    let system: LeverActorSystem

    func encode<Value: Encodable>(_ value: Value) throws -> LeverValue {
        // What most arguments are needs no encoder, and holds no actor. The casts are of the type that was just compared.
        if Value.self == String.self { return .string(value as! String) }
        if Value.self == Bool.self { return .bool(value as! Bool) }
        var encoder = LeverEncoder()
        if !Self.isPlain(Value.self) { encoder.userInfo[.actorSystemKey] = system }
        return try encoder.encode(value)
    }

    func decode<Value: Decodable>(_ type: Value.Type, from value: LeverValue) throws -> Value {
        // The cast is of the type that was just compared.
        if Value.self == LeverValue.self { return value as! Value }
        return try decoder(for: type).decode(type, from: value)
    }

    func decoder(for type: Any.Type) -> LeverDecoder {
        var decoder = LeverDecoder()
        if !Self.isPlain(type) { decoder.userInfo[.actorSystemKey] = system }
        return decoder
    }

    private static func isPlain(_ type: Any.Type) -> Bool {
        type == String.self || type == Int.self || type == Double.self || type == Bool.self
    }
}
