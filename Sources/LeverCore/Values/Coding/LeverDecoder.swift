/// Makes a value of any `Decodable` type of a ``LeverValue``.
///
/// ```swift
/// let message = try LeverDecoder().decode(Message.self, from: value)
/// ```
public struct LeverDecoder: Sendable {
    /// Where the names of keys come from.
    public var keyStrategy: LeverCoding.KeyStrategy = .useDefaultKeys
    /// What becomes of infinities and NaN.
    public var nonFiniteStrategy: LeverCoding.NonFiniteStrategy = .throw
    /// What becomes of integers beyond ±2⁵³.
    public var largeIntegerStrategy: LeverCoding.LargeIntegerStrategy = .throw
    /// Forms of types that differ from their own; the first that knows the type counts.
    public var valueStrategies: [LeverCoding.ValueStrategy] = []
    /// What types find in `Decoder.userInfo`.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

    /// Makes a decoder with the strategies of a new ``LeverEncoder``.
    public init() {}

    /// Makes a `type` of a value.
    ///
    /// - Throws: `DecodingError` with the path to what does not fit, and whatever a type's own `init(from:)` throws.
    public func decode<Output: Decodable>(_ type: Output.Type, from value: LeverValue) throws -> Output {
        // Both are the same type, as was just compared.
        if type == LeverValue.self { return value as! Output }
        return try DecodingContext(self).decode(type, from: value, at: nil)
    }
}

/// What all containers of one decoding share.
final class DecodingContext {
    let options: LeverDecoder
    let userInfo: [CodingUserInfoKey: Any]
    private var kinds: [ObjectIdentifier: ForeignKind] = [:]

    init(_ options: LeverDecoder) {
        self.options = options
        userInfo = options.userInfo
    }

    func decode<Output: Decodable>(
        _ type: Output.Type, from value: LeverValue, at path: CodingPathLink?
    ) throws -> Output {
        if let quick = try quickValue(type, from: value, at: path) { return quick }
        for strategy in options.valueStrategies {
            guard let known = try strategy.decode(type, value) else { continue }
            guard let decoded = known as? Output else { throw mismatch(type, value, path) }
            return decoded
        }
        switch kind(of: type) {
        case .other: break
        case .url:
            if case .string = value {
                // The form that a URL itself reads.
                let own: LeverValue = ["relative": value]
                return try Output(from: ValueDecoder(context: self, value: own, path: path))
            }
        case .bytes:
            guard case .string(let text) = value else { throw mismatch(type, value, path) }
            guard let bytes = type as? any (RangeReplaceableCollection<UInt8> & Codable).Type,
                let decoded = ForeignKind.bytes(bytes, of: text) as? Output
            else { throw corrupted("the text is not base64", path) }
            return decoded
        }
        if case .useDefaultKeys = options.keyStrategy {
        } else if let dictionary = type as? any StringKeyedDecodable.Type {
            // What is decoded has the type that was asked: `dictionary` is `type` itself, seen through its conformance.
            return try dictionary.decoded(from: value, in: self, at: path) as! Output
        }
        return try Output(from: ValueDecoder(context: self, value: value, path: path))
    }

    private func kind(of type: Any.Type) -> ForeignKind {
        if let known = kinds[ObjectIdentifier(type)] { return known }
        let kind = ForeignKind.of(type)
        kinds[ObjectIdentifier(type)] = kind
        return kind
    }

    /// The types that are values already, or many of them, without a container for each element.
    private func quickValue<Output>(
        _ type: Output.Type, from value: LeverValue, at path: CodingPathLink?
    ) throws -> Output? {
        // Each cast stands behind the comparison of the very type it casts to; `as?` would search for conformances first.
        if type == LeverValue.self { return (value as! Output) }
        if type == String.self { return (try text(value, path) as! Output) }
        if type == Double.self { return (try number(value, path) as! Output) }
        if type == Int.self { return (try integer(Int.self, value, path) as! Output) }
        if type == [String].self { return (try list(value, path, text) as! Output) }
        if type == [Double].self { return (try list(value, path, number) as! Output) }
        if type == [Int].self {
            return (try list(value, path) { value, path in try integer(Int.self, value, path) } as! Output)
        }
        if type == [LeverValue].self { return (try elements(value, path) as! Output) }
        return nil
    }

    private func list<Element>(
        _ value: LeverValue, _ path: CodingPathLink?, _ element: (LeverValue, CodingPathLink?) throws -> Element
    ) throws -> [Element] {
        let values = try elements(value, path)
        var result: [Element] = []
        result.reserveCapacity(values.count)
        for value in values {
            do {
                result.append(try element(value, path))
            } catch {
                // Only the path of a failure is worth building: the same again, with the index.
                result.append(try element(value, CodingPathLink(path, LeverCodingKey(index: result.count))))
            }
        }
        return result
    }

    // MARK: Kinds of values

    func elements(_ value: LeverValue, _ path: CodingPathLink?) throws -> [LeverValue] {
        guard case .array(let values) = value else { throw mismatch([LeverValue].self, value, path) }
        return values
    }

    func bool(_ value: LeverValue, _ path: CodingPathLink?) throws -> Bool {
        guard case .bool(let flag) = value else { throw mismatch(Bool.self, value, path) }
        return flag
    }

    func text(_ value: LeverValue, _ path: CodingPathLink?) throws -> String {
        guard case .string(let text) = value else { throw mismatch(String.self, value, path) }
        return text
    }

    func number(_ value: LeverValue, _ path: CodingPathLink?) throws -> Double {
        if case .number(let number) = value { return number }
        if case .string(let text) = value,
            case .strings(let positive, let negative, let nan) = options.nonFiniteStrategy
        {
            if text == positive { return .infinity }
            if text == negative { return -.infinity }
            if text == nan { return .nan }
        }
        throw mismatch(Double.self, value, path)
    }

    func float(_ value: LeverValue, _ path: CodingPathLink?) throws -> Float {
        let number = try number(value, path)
        let float = Float(number)
        guard float.isFinite || !number.isFinite else { throw corrupted("\(number) does not fit into Float", path) }
        return float
    }

    func integer<Integer: FixedWidthInteger>(
        _ type: Integer.Type, _ value: LeverValue, _ path: CodingPathLink?
    ) throws -> Integer {
        if case .string(let text) = value, case .string = options.largeIntegerStrategy {
            guard let integer = Integer(text) else { throw corrupted("\(value) is no \(type)", path) }
            return integer
        }
        guard case .number(let number) = value else { throw mismatch(type, value, path) }
        guard let integer = Integer(exactly: number) else {
            throw corrupted("\(value) does not fit into \(type)", path)
        }
        if number.magnitude > 9_007_199_254_740_992 {
            guard case .round = options.largeIntegerStrategy else {
                throw corrupted("\(value) is beyond 2⁵³ and may have lost digits", path)
            }
        }
        return integer
    }

    // MARK: Errors

    func mismatch(_ type: Any.Type, _ value: LeverValue, _ path: CodingPathLink?) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: path.keys, debugDescription: "\(type) was expected, \(value.kind) found")
        return value.isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    func corrupted(_ message: String, _ path: CodingPathLink?) -> DecodingError {
        .dataCorrupted(.init(codingPath: path.keys, debugDescription: message))
    }

    /// An object with its keys named as types name them.
    func renamed(_ object: LeverObject, at path: CodingPathLink?) -> LeverObject {
        let rename: (String) -> String
        switch options.keyStrategy {
        case .useDefaultKeys: return object
        case .snakeCase: rename = SnakeCase.decoded
        case .custom(let name): rename = { name(path.keys + [LeverCodingKey(stringValue: $0)]).stringValue }
        }
        return LeverObject(object.lazy.map { (key: rename($0.key), value: $0.value) })
    }
}

/// Dictionaries by text: their keys are data, which key strategies leave as they are.
protocol StringKeyedDecodable {
    static func decoded(from value: LeverValue, in context: DecodingContext, at path: CodingPathLink?) throws -> Self
}

extension Dictionary: StringKeyedDecodable where Key == String, Value: Decodable {
    static func decoded(from value: LeverValue, in context: DecodingContext, at path: CodingPathLink?) throws -> Self {
        guard case .object(let object) = value else { throw context.mismatch(Self.self, value, path) }
        var result = Self(minimumCapacity: object.count)
        for (key, contents) in object {
            result[key] = try context.decode(
                Value.self, from: contents, at: CodingPathLink(path, LeverCodingKey(stringValue: key)))
        }
        return result
    }
}
