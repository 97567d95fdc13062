/// Decodes the properties of an object.
struct KeyedValueDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let context: DecodingContext
    let object: LeverObject
    let path: CodingPathLink?

    var codingPath: [any CodingKey] { path.keys }
    var allKeys: [Key] { object.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { object[key.stringValue] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try value(key).isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try context.bool(value(key), below(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try context.text(value(key), below(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try context.number(value(key), below(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try context.float(value(key), below(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try integer(type, key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try integer(type, key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try integer(type, key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try integer(type, key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try integer(type, key) }
    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try integer(type, key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try integer(type, key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(type, key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(type, key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(type, key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(type, key) }
    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try integer(type, key) }

    func decode<Output: Decodable>(_ type: Output.Type, forKey key: Key) throws -> Output {
        try context.decode(type, from: value(key), at: below(key))
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try nested(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try nested(key).unkeyedContainer()
    }

    /// As with `JSONDecoder`, a missing `super` reads as `null`.
    func superDecoder() throws -> any Decoder {
        let key = LeverCodingKey.super
        return ValueDecoder(context: context, value: object[key.stringValue] ?? .null, path: CodingPathLink(path, key))
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        ValueDecoder(context: context, value: object[key.stringValue] ?? .null, path: below(key))
    }

    private func value(_ key: Key) throws -> LeverValue {
        if let value = object[key.stringValue] { return value }
        throw DecodingError.keyNotFound(
            key, .init(codingPath: path.keys, debugDescription: "there is no key \"\(key.stringValue)\""))
    }

    private func below(_ key: Key) -> CodingPathLink { CodingPathLink(path, key) }

    private func integer<Integer: FixedWidthInteger>(_ type: Integer.Type, _ key: Key) throws -> Integer {
        try context.integer(type, value(key), below(key))
    }

    private func nested(_ key: Key) throws -> ValueDecoder {
        ValueDecoder(context: context, value: try value(key), path: below(key))
    }
}
