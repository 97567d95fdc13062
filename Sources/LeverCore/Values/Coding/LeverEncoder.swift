/// Makes a ``LeverValue`` of any `Encodable` value.
///
/// ```swift
/// struct Message: Codable { var from: String; var sentAt: Double }
/// let value = try LeverEncoder().encode(Message(from: "ann", sentAt: 12.5))
/// ```
///
/// Integers beyond ±2⁵³ and numbers that are not finite throw `EncodingError.invalidValue` unless a strategy says otherwise.
public struct LeverEncoder: Sendable {
    /// Where the names of keys come from.
    public var keyStrategy: LeverCoding.KeyStrategy = .useDefaultKeys
    /// What becomes of infinities and NaN.
    public var nonFiniteStrategy: LeverCoding.NonFiniteStrategy = .throw
    /// What becomes of integers beyond ±2⁵³.
    public var largeIntegerStrategy: LeverCoding.LargeIntegerStrategy = .throw
    /// Forms of types that differ from their own; the first that knows the type counts.
    public var valueStrategies: [LeverCoding.ValueStrategy] = []
    /// What types find in `Encoder.userInfo`.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

    /// Makes an encoder with the strategies of `JSONEncoder` where that has one, else with those that lose nothing.
    public init() {}

    /// Makes a value of `input`.
    ///
    /// - Throws: `EncodingError` with the path to what cannot be encoded, and whatever a type's own `encode(to:)` throws.
    public func encode(_ input: some Encodable) throws -> LeverValue {
        // Both are the same type, as was just compared.
        if type(of: input) == LeverValue.self { return input as! LeverValue }
        return try EncodingContext(self).value(of: input, at: nil)
    }
}

/// What all containers of one encoding share.
final class EncodingContext {
    let options: LeverEncoder
    let userInfo: [CodingUserInfoKey: Any]
    private var kinds: [ObjectIdentifier: ForeignKind] = [:]

    init(_ options: LeverEncoder) {
        self.options = options
        userInfo = options.userInfo
    }

    /// The value of anything that is encodable.
    func value(of input: some Encodable, at path: CodingPathLink?) throws -> LeverValue {
        if let quick = try quickValue(of: input, at: path) { return quick }
        for strategy in options.valueStrategies {
            if let value = try strategy.encode(input) { return value }
        }
        switch kind(of: type(of: input)) {
        case .other: break
        case .url: if let text = try urlText(of: input, at: path) { return .string(text) }
        case .bytes: if let bytes = input as? any Sequence<UInt8> { return .string(Base64.encode([UInt8](bytes))) }
        }
        if case .useDefaultKeys = options.keyStrategy {
        } else if let dictionary = input as? any StringKeyedEncodable {
            return try dictionary.value(in: self, at: path)
        }
        let encoder = ValueEncoder(context: self, path: path)
        try input.encode(to: encoder)
        // As JSONEncoder: who encodes nothing at all gets an empty object.
        return encoder.slot.finished ?? .object(LeverObject())
    }

    private func kind(of type: Any.Type) -> ForeignKind {
        if let known = kinds[ObjectIdentifier(type)] { return known }
        let kind = ForeignKind.of(type)
        kinds[ObjectIdentifier(type)] = kind
        return kind
    }

    /// The text of a URL without a base; one with a base keeps its own form, which has both.
    private func urlText(of url: some Encodable, at path: CodingPathLink?) throws -> String? {
        let encoder = ValueEncoder(context: EncodingContext(LeverEncoder()), path: path)
        try url.encode(to: encoder)
        guard case .object(let own)? = encoder.slot.finished, own.count == 1 else { return nil }
        return own["relative"]?.stringValue
    }

    /// The value of the types that are values already, or many of them.
    private func quickValue<Input>(of input: Input, at path: CodingPathLink?) throws -> LeverValue? {
        // Each cast stands behind the comparison of the very type it casts to. `as?` alone asks the runtime to search for
        // conformances and bridges, which costs more than the rest of the encoding.
        if Input.self == LeverValue.self { return (input as! LeverValue) }
        if Input.self == String.self { return .string(input as! String) }
        if Input.self == [String].self { return .array((input as! [String]).map(LeverValue.string)) }
        if Input.self == [LeverValue].self { return .array(input as! [LeverValue]) }
        if Input.self == [Double].self { return .array(try (input as! [Double]).map { try number($0, at: path) }) }
        if Input.self == [Int].self { return .array(try (input as! [Int]).map { try integer($0, at: path) }) }
        guard options.valueStrategies.isEmpty else { return nil }
        if Input.self == Int.self { return try integer(input as! Int, at: path) }
        if Input.self == Double.self { return try number(input as! Double, at: path) }
        if Input.self == Bool.self { return .bool(input as! Bool) }
        return nil
    }

    func number(_ number: Double, at path: CodingPathLink?) throws -> LeverValue {
        if number.isFinite { return .number(number) }
        guard case .strings(let positive, let negative, let nan) = options.nonFiniteStrategy else {
            throw EncodingError.invalidValue(
                number, .init(codingPath: path.keys, debugDescription: "\(number) has no form in JSON"))
        }
        return .string(number.isNaN ? nan : number > 0 ? positive : negative)
    }

    func integer(_ integer: some FixedWidthInteger, at path: CodingPathLink?) throws -> LeverValue {
        if let small = Int64(exactly: integer), exactIntegers.contains(small) { return .number(Double(small)) }
        switch options.largeIntegerStrategy {
        case .string: return .string(String(integer))
        case .round: return .number(Double(integer))
        case .throw:
            throw EncodingError.invalidValue(
                integer,
                .init(codingPath: path.keys, debugDescription: "\(integer) is beyond 2⁵³ and would lose digits"))
        }
    }

    func name(of key: any CodingKey, at path: CodingPathLink?) -> String {
        switch options.keyStrategy {
        case .useDefaultKeys: key.stringValue
        case .snakeCase: SnakeCase.encoded(key.stringValue)
        case .custom(let name): name(path.keys + [key]).stringValue
        }
    }
}

/// Dictionaries by text: their keys are data, which key strategies leave as they are.
protocol StringKeyedEncodable {
    func value(in context: EncodingContext, at path: CodingPathLink?) throws -> LeverValue
}

extension Dictionary: StringKeyedEncodable where Key == String, Value: Encodable {
    func value(in context: EncodingContext, at path: CodingPathLink?) throws -> LeverValue {
        var object = LeverObject()
        for (key, value) in self {
            object[key] = try context.value(of: value, at: CodingPathLink(path, LeverCodingKey(stringValue: key)))
        }
        return .object(object)
    }
}
