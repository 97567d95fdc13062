/// Encodes the elements of an array.
struct UnkeyedValueEncoder: UnkeyedEncodingContainer {
    let context: EncodingContext
    let path: CodingPathLink?
    let slot: EncodingSlot

    var codingPath: [any CodingKey] { path.keys }
    var count: Int { slot.count }

    func encodeNil() throws { slot.append(.value(.null)) }
    func encode(_ value: Bool) throws { slot.append(.value(.bool(value))) }
    func encode(_ value: String) throws { slot.append(.value(.string(value))) }
    func encode(_ value: Double) throws { slot.append(.value(try context.number(value, at: here))) }
    func encode(_ value: Float) throws { slot.append(.value(try context.number(Double(value), at: here))) }
    func encode(_ value: Int) throws { try integer(value) }
    func encode(_ value: Int8) throws { try integer(value) }
    func encode(_ value: Int16) throws { try integer(value) }
    func encode(_ value: Int32) throws { try integer(value) }
    func encode(_ value: Int64) throws { try integer(value) }
    func encode(_ value: Int128) throws { try integer(value) }
    func encode(_ value: UInt) throws { try integer(value) }
    func encode(_ value: UInt8) throws { try integer(value) }
    func encode(_ value: UInt16) throws { try integer(value) }
    func encode(_ value: UInt32) throws { try integer(value) }
    func encode(_ value: UInt64) throws { try integer(value) }
    func encode(_ value: UInt128) throws { try integer(value) }
    func encode(_ value: some Encodable) throws { slot.append(.value(try context.value(of: value, at: here))) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
        nested().container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }
    func superEncoder() -> any Encoder { nested() }

    private var here: CodingPathLink { CodingPathLink(path, LeverCodingKey(index: count)) }

    private func integer(_ value: some FixedWidthInteger) throws {
        slot.append(.value(try context.integer(value, at: here)))
    }

    private func nested() -> ValueEncoder {
        let encoder = ValueEncoder(context: context, path: here)
        slot.append(.slot(encoder.slot))
        return encoder
    }
}
