/// The decoder that a type's `init(from:)` gets.
struct ValueDecoder: Decoder {
    let context: DecodingContext
    let value: LeverValue
    let path: CodingPathLink?

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { context.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else { throw context.mismatch([String: LeverValue].self, value, path) }
        return KeyedDecodingContainer(
            KeyedValueDecoder(context: context, object: context.renamed(object, at: path), path: path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        UnkeyedValueDecoder(context: context, values: try context.elements(value, path), path: path)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }
}

extension ValueDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { value.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try context.bool(value, path) }
    func decode(_ type: String.Type) throws -> String { try context.text(value, path) }
    func decode(_ type: Double.Type) throws -> Double { try context.number(value, path) }
    func decode(_ type: Float.Type) throws -> Float { try context.float(value, path) }
    func decode(_ type: Int.Type) throws -> Int { try context.integer(type, value, path) }
    func decode(_ type: Int8.Type) throws -> Int8 { try context.integer(type, value, path) }
    func decode(_ type: Int16.Type) throws -> Int16 { try context.integer(type, value, path) }
    func decode(_ type: Int32.Type) throws -> Int32 { try context.integer(type, value, path) }
    func decode(_ type: Int64.Type) throws -> Int64 { try context.integer(type, value, path) }
    func decode(_ type: Int128.Type) throws -> Int128 { try context.integer(type, value, path) }
    func decode(_ type: UInt.Type) throws -> UInt { try context.integer(type, value, path) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try context.integer(type, value, path) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try context.integer(type, value, path) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try context.integer(type, value, path) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try context.integer(type, value, path) }
    func decode(_ type: UInt128.Type) throws -> UInt128 { try context.integer(type, value, path) }
    func decode<Output: Decodable>(_ type: Output.Type) throws -> Output {
        try context.decode(type, from: value, at: path)
    }
}
