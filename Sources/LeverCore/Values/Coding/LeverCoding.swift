/// How ``LeverEncoder`` and ``LeverDecoder`` treat what JSON's types leave open; give both the same strategies.
public enum LeverCoding {
    /// Where the name of a key comes from.
    public enum KeyStrategy: Sendable {
        /// As the type writes it.
        case useDefaultKeys
        /// `createdAt` in the type is `created_at` in the value.
        case snakeCase
        /// The encoder gets the coding path, the key last, and returns the name in the value; the decoder gets the name in the
        /// value as the path's last key and returns the type's.
        case custom(@Sendable ([any CodingKey]) -> any CodingKey)
    }

    /// What becomes of numbers that JSON cannot write: infinities and NaN.
    public enum NonFiniteStrategy: Sendable {
        /// An error that names the number.
        case `throw`
        /// These texts stand for them.
        case strings(positiveInfinity: String, negativeInfinity: String, nan: String)
    }

    /// What becomes of integers that a number of JavaScript cannot hold exactly: those beyond 2⁵³.
    public enum LargeIntegerStrategy: Sendable {
        /// An error that names the integer.
        case `throw`
        /// The digits as a text. The decoder takes both texts and numbers for any integer.
        case string
        /// The nearest number.
        case round
    }

    /// Writes a type in a form of its own, and reads it: dates, data, identifiers. Strategies are tried before the type's own
    /// `Codable` form, at any depth.
    public struct ValueStrategy: Sendable {
        let encode: @Sendable (any Encodable) throws -> LeverValue?
        let decode: @Sendable (any Decodable.Type, LeverValue) throws -> (any Sendable)??

        /// A strategy for one type.
        ///
        /// `decode` returns `nil` where the value is none of the type, which the decoder reports with the place.
        public init<Value: Codable & Sendable>(
            _ type: Value.Type, encode: @escaping @Sendable (Value) throws -> LeverValue,
            decode: @escaping @Sendable (LeverValue) throws -> Value?
        ) {
            self.encode = { value in try (value as? Value).map(encode) }
            self.decode = { type, value in
                guard type == Value.self else { return .none }
                return .some(try decode(value))
            }
        }
    }
}

/// A key of a container that has none of its own: an index, `super`, or a name out of a dictionary.
struct LeverCodingKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }

    init(index: Int) {
        stringValue = "Index \(index)"
        intValue = index
    }

    static let `super` = LeverCodingKey(stringValue: "super")
}

/// The way to a value. Kept as a list of links, so that going one step deeper costs no array.
final class CodingPathLink {
    let parent: CodingPathLink?
    let key: any CodingKey

    init(_ parent: CodingPathLink?, _ key: any CodingKey) {
        self.parent = parent
        self.key = key
    }
}

extension CodingPathLink? {
    /// The keys from the outermost on.
    var keys: [any CodingKey] {
        var keys: [any CodingKey] = []
        var link = self
        while let current = link {
            keys.append(current.key)
            link = current.parent
        }
        return keys.reversed()
    }
}

/// The limits within which an integer and a number of JavaScript are the same.
let exactIntegers: ClosedRange<Int64> = -9_007_199_254_740_992...9_007_199_254_740_992
