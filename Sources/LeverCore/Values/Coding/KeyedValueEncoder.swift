/// Encodes the properties of an object.
struct KeyedValueEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let context: EncodingContext
    let path: CodingPathLink?
    let slot: EncodingSlot

    var codingPath: [any CodingKey] { path.keys }

    func encodeNil(forKey key: Key) throws { put(.null, key) }
    func encode(_ value: Bool, forKey key: Key) throws { put(.bool(value), key) }
    func encode(_ value: String, forKey key: Key) throws { put(.string(value), key) }
    func encode(_ value: Double, forKey key: Key) throws { put(try context.number(value, at: below(key)), key) }
    func encode(_ value: Float, forKey key: Key) throws { put(try context.number(Double(value), at: below(key)), key) }
    func encode(_ value: Int, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int128, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt128, forKey key: Key) throws { try integer(value, key) }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        put(try context.value(of: value, at: below(key)), key)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        nested(key).container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { nested(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { nested(LeverCodingKey.super) }
    func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

    private func below(_ key: any CodingKey) -> CodingPathLink { CodingPathLink(path, key) }

    private func integer(_ value: some FixedWidthInteger, _ key: Key) throws {
        put(try context.integer(value, at: below(key)), key)
    }

    private func put(_ value: LeverValue, _ key: Key) {
        slot.append(.value(value), for: context.name(of: key, at: path))
    }

    private func nested(_ key: any CodingKey) -> ValueEncoder {
        let encoder = ValueEncoder(context: context, path: below(key))
        slot.append(.slot(encoder.slot), for: context.name(of: key, at: path))
        return encoder
    }
}
