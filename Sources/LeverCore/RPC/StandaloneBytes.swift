import Synchronization

/// The rule by which Swift types become arguments, results and messages: a collection of bytes (`[UInt8]`, `Data`, …) that
/// stands alone travels as bytes, everything else as a value.
package enum StandaloneBytes {
    /// Which types are collections of bytes, of those that were asked for so far. A program has so many.
    private static let known = Mutex<[ObjectIdentifier: Bool]>([:])

    private static func isBytes(_ type: Any.Type) -> Bool {
        let id = ObjectIdentifier(type)
        if let known = known.withLock({ $0[id] }) { return known }
        let isBytes = type is any RangeReplaceableCollection<UInt8>.Type
        known.withLock { $0[id] = isBytes }
        return isBytes
    }

    /// The bytes of a collection of bytes; `nil` for any other type.
    package static func bytes<Value>(of value: Value) -> [UInt8]? {
        // A String is a collection, too; the usual types need no look at their conformances.
        if Value.self == String.self || Value.self == LeverValue.self { return nil }
        // The type is asked for, not only cast to: an empty array of anything can be cast to one of bytes.
        if Value.self == [UInt8].self { return value as? [UInt8] }
        guard isBytes(Value.self), let collection = value as? any RangeReplaceableCollection<UInt8> else { return nil }
        return [UInt8](collection)
    }

    /// A collection of bytes with these bytes; `nil` where the type is none.
    package static func make<Value>(_ type: Value.Type, of bytes: [UInt8]) -> Value? {
        if Value.self == [UInt8].self { return bytes as? Value }
        guard let collection = type as? any RangeReplaceableCollection<UInt8>.Type else { return nil }
        func fill<Bytes: RangeReplaceableCollection<UInt8>>(_: Bytes.Type) -> Bytes { Bytes(bytes) }
        return fill(collection) as? Value
    }

    /// A value for any encodable one.
    package static func encode(_ value: some Encodable) throws -> LeverValue {
        // The type is compared first: a cast alone asks the runtime, and texts need no encoder.
        if type(of: value) == String.self { return .string(value as! String) }
        return try LeverEncoder().encode(value)
    }

    /// Reads a value as a type.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from value: LeverValue, with decoder: LeverDecoder = LeverDecoder()
    ) throws -> Value {
        // Each cast is to the very type that was just compared.
        if Value.self == LeverValue.self { return value as! Value }
        if Value.self == String.self, case .string(let text) = value { return text as! Value }
        return try decoder.decode(type, from: value)
    }

    /// Reads bytes as a type, which must be a collection of bytes.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        if let made = make(type, of: bytes) { return made }
        throw DecodingError.typeMismatch(
            type, .init(codingPath: [], debugDescription: "\(bytes.count) bytes instead of a value"))
    }
}

extension RPCArguments {
    /// Arguments made of encodable ones: one byte argument where a collection of bytes stands alone.
    ///
    /// - Throws: `EncodingError` where one cannot become a value.
    package init<each Argument: Encodable>(encoding arguments: repeat each Argument) throws {
        var values: [LeverValue] = []
        var alone: [UInt8]?
        var count = 0
        for argument in repeat each arguments {
            count += 1
            if count == 1 {
                alone = StandaloneBytes.bytes(of: argument)
                if alone != nil { continue }
            }
            if count == 2, let first = alone {
                // Beside other arguments bytes are a list of numbers.
                values.append(try StandaloneBytes.encode(first))
                alone = nil
            }
            values.append(try StandaloneBytes.encode(argument))
        }
        self = if let alone { .bytes(alone) } else { .values(values) }
    }
}

extension ChannelMessage {
    /// A message made of an encodable value: bytes where it is a collection of bytes.
    package init(encoding value: some Encodable) throws {
        self =
            if let bytes = StandaloneBytes.bytes(of: value) { .bytes(bytes) } else {
                .value(try StandaloneBytes.encode(value))
            }
    }
}
