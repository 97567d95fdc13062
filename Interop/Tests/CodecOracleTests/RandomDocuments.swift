import LeverCore

/// Random messages from a seed.
struct RandomDocuments {
    private var random: FastRandom

    init(seed: UInt64) {
        random = FastRandom(seed: seed)
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    mutating func value(depth: Int = 5) -> LeverValue {
        switch below(depth > 0 ? 8 : 5) {
        case 0: return .null
        case 1: return .bool(below(2) == 0)
        case 2: return .number([0, -0.0, 1, 5e-324, 1e23, .infinity].randomElement(using: &random)!)
        case 3: return .number(Double(below(2_000_000) - 1_000_000) / 64)
        case 4: return .string(text())
        case 5, 6: return .array((0..<below(6)).map { _ in value(depth: depth - 1) })
        default:
            let properties = (0..<below(20)).map { index in
                (key: index == 0 ? "" : "\(text())\(index)", value: value(depth: depth - 2))
            }
            return .object(LeverObject(properties))
        }
    }

    mutating func text() -> String {
        String(repeating: ["a", "key", "ü", "日本", "🙂", "\0", ""].randomElement(using: &random)!, count: below(60) / 4)
    }

    mutating func bytes() -> [UInt8] {
        (0..<below(300)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    mutating func reply() -> RPCReply {
        switch below(4) {
        case 0: .bytes(bytes())
        case 1: .error(value(depth: 3))
        case 2: .errorBytes(bytes())
        default: .result(value(depth: 3))
        }
    }

    mutating func message() -> StreamMessage {
        switch below(5) {
        case 0: .open(.values([value(depth: 2)]))
        case 1: .open(.bytes(bytes()))
        case 2: .message(.bytes(bytes()))
        case 3: .message(.error(value(depth: 2)))
        default: .message(.value(value(depth: 3)))
        }
    }

    /// A field whose number no message has, of any wire type but groups.
    mutating func unknownField() -> [UInt8] {
        let number = UInt64(16 + below(100))
        func tag(_ wireType: UInt64) -> [UInt8] {
            let tag = number << 3 | wireType
            return [UInt8(truncatingIfNeeded: tag) | 0x80, UInt8(truncatingIfNeeded: tag >> 7)]
        }
        switch below(4) {
        case 0: return tag(0) + [0x80 | UInt8(below(128)), UInt8(below(128))]
        case 1: return tag(1) + (0..<8).map { _ in UInt8(below(256)) }
        case 2: return tag(2) + [3] + (0..<3).map { _ in UInt8(below(256)) }
        default: return tag(5) + (0..<4).map { _ in UInt8(below(256)) }
        }
    }

    /// A copy with up to three bytes changed, removed or added.
    mutating func mutation(of bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...below(3) {
            let index = below(bytes.count + 1)
            switch below(3) {
            case 0: bytes.insert(UInt8(below(256)), at: index)
            case 1: if index < bytes.count { bytes[index] = UInt8(below(256)) }
            default: if index < bytes.count { bytes.remove(at: index) }
            }
        }
        return bytes
    }
}
