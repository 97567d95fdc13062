/// Decodes the elements of an array, one after the other.
struct UnkeyedValueDecoder: UnkeyedDecodingContainer {
    let context: DecodingContext
    let values: [LeverValue]
    let path: CodingPathLink?
    private(set) var currentIndex = 0

    init(context: DecodingContext, values: [LeverValue], path: CodingPathLink?) {
        self.context = context
        self.values = values
        self.path = path
    }

    var codingPath: [any CodingKey] { path.keys }
    var count: Int? { values.count }
    var isAtEnd: Bool { currentIndex >= values.count }

    mutating func decodeNil() throws -> Bool {
        guard try current(Never?.self).isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next(type, context.bool) }
    mutating func decode(_ type: String.Type) throws -> String { try next(type, context.text) }
    mutating func decode(_ type: Double.Type) throws -> Double { try next(type, context.number) }
    mutating func decode(_ type: Float.Type) throws -> Float { try next(type, context.float) }
    mutating func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    mutating func decode(_ type: Int128.Type) throws -> Int128 { try integer(type) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
    mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try integer(type) }

    mutating func decode<Output: Decodable>(_ type: Output.Type) throws -> Output {
        let result = try context.decode(type, from: current(type), at: here)
        currentIndex += 1
        return result
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        let result = try nested([String: LeverValue].self).container(keyedBy: type)
        currentIndex += 1
        return result
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let result = try nested([LeverValue].self).unkeyedContainer()
        currentIndex += 1
        return result
    }

    mutating func superDecoder() throws -> any Decoder {
        let result = try nested(LeverValue.self)
        currentIndex += 1
        return result
    }

    private func nested(_ type: Any.Type) throws -> ValueDecoder {
        ValueDecoder(context: context, value: try current(type), path: here)
    }

    private var here: CodingPathLink { CodingPathLink(path, LeverCodingKey(index: currentIndex)) }

    private func current(_ type: Any.Type) throws -> LeverValue {
        if currentIndex < values.count { return values[currentIndex] }
        throw DecodingError.valueNotFound(
            type,
            .init(codingPath: codingPath + [here.key], debugDescription: "the array has only \(values.count) elements"))
    }

    /// Takes the element at the index and goes on to the next, unless the element does not fit.
    private mutating func next<Output>(
        _ type: Any.Type, _ body: (LeverValue, CodingPathLink?) throws -> Output
    ) throws -> Output {
        let result = try body(try current(type), here)
        currentIndex += 1
        return result
    }

    private mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
        let result = try context.integer(type, current(type), here)
        currentIndex += 1
        return result
    }
}
