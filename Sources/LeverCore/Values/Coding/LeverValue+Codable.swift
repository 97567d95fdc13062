extension LeverValue: Codable {
    /// Decodes any value. From a decoder of other kinds of numbers (such as `JSONDecoder`) integers become doubles.
    public init(from decoder: any Decoder) throws {
        if let decoder = decoder as? ValueDecoder {
            self = decoder.value
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let values = try? container.decode([LeverValue].self) {
            self = .array(values)
        } else {
            self = .object(try container.decode(LeverObject.self))
        }
    }

    /// Encodes the value as what it is.
    public func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? ValueEncoder {
            encoder.slot.contents = .value(self)
            return
        }
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let flag): try container.encode(flag)
        case .number(let number):
            // Whole numbers are written without a point by encoders that tell the two apart.
            if let whole = Int64(exactly: number), exactIntegers.contains(whole), number != 0 || number.sign == .plus {
                try container.encode(whole)
            } else {
                try container.encode(number)
            }
        case .string(let text): try container.encode(text)
        case .array(let values): try container.encode(values)
        case .object(let object): try container.encode(object)
        }
    }
}

extension LeverObject: Codable {
    /// Decodes an object with any keys, in the order that the decoder gives them.
    public init(from decoder: any Decoder) throws {
        if let decoder = decoder as? ValueDecoder {
            guard case .object(let object) = decoder.value else {
                throw decoder.context.mismatch(LeverObject.self, decoder.value, decoder.path)
            }
            self = object
            return
        }
        let container = try decoder.container(keyedBy: LeverCodingKey.self)
        self.init()
        for key in container.allKeys { self[key.stringValue] = try container.decode(LeverValue.self, forKey: key) }
    }

    /// Encodes the properties in their order.
    public func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? ValueEncoder {
            encoder.slot.contents = .value(.object(self))
            return
        }
        var container = encoder.container(keyedBy: LeverCodingKey.self)
        for (key, value) in self { try container.encode(value, forKey: LeverCodingKey(stringValue: key)) }
    }
}
