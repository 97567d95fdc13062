/// A value as methods take and return it: JSON's types, with the order of an object's keys kept.
///
/// ```swift
/// let message: LeverValue = ["from": "ann", "tags": ["a", "b"], "seen": false]
/// let from = message["from"]?.stringValue
/// ```
public enum LeverValue: Sendable {
    /// No value.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number; integers are exact up to 2⁵³.
    case number(Double)
    /// A text.
    case string(String)
    /// A list of values.
    case array([LeverValue])
    /// Values by name.
    case object(LeverObject)
}

// MARK: Reading

extension LeverValue {
    /// Whether it is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }
    /// The truth value; `nil` for any other kind.
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The number; `nil` for any other kind.
    public var numberValue: Double? { if case .number(let value) = self { value } else { nil } }
    /// The number where it is a whole one that `Int` can hold; `nil` for anything else.
    public var intValue: Int? { numberValue.flatMap { Int(exactly: $0) } }
    /// The text; `nil` for any other kind.
    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    /// The elements; `nil` for any other kind.
    public var arrayValue: [LeverValue]? { if case .array(let value) = self { value } else { nil } }
    /// The properties; `nil` for any other kind.
    public var objectValue: LeverObject? { if case .object(let value) = self { value } else { nil } }

    /// The property with this name; `nil` where there is none, or the value is no object. Setting it makes an object of
    /// `null`, and has no effect on other kinds; setting `nil` removes the property.
    public subscript(key: String) -> LeverValue? {
        get { objectValue?[key] }
        set {
            switch self {
            case .object(var object):
                self = .null
                object[key] = newValue
                self = .object(object)
            case .null:
                var object = LeverObject()
                object[key] = newValue
                self = .object(object)
            default:
                break
            }
        }
    }

    /// The element at an index; `nil` where there is none, or the value is no array.
    public subscript(index: Int) -> LeverValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The kind of the value as messages name it, for example `a string`.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

// MARK: Comparing

extension LeverValue: Hashable {
    /// Compares by content; the order of an object's keys does not count.
    public static func == (left: LeverValue, right: LeverValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    /// Hashes by content; the order of an object's keys does not count.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

// MARK: Literals

extension LeverValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes a value of a literal.
    public init(nilLiteral: ()) { self = .null }
    /// Makes a value of a literal.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Makes a value of a literal.
    public init(integerLiteral value: Int64) { self = .number(Double(value)) }
    /// Makes a value of a literal.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// Makes a value of a literal.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Makes a value of a literal.
    public init(arrayLiteral elements: LeverValue...) { self = .array(elements) }
    /// Makes a value of a literal.
    public init(dictionaryLiteral elements: (String, LeverValue)...) {
        self = .object(LeverObject(elements.lazy.map { (key: $0.0, value: $0.1) }))
    }
}

extension LeverValue: CustomStringConvertible {
    /// The value as compact JSON text.
    public var description: String { json() }
}
