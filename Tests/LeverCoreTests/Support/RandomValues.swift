import LeverCore

/// Random values from a seed: every kind, awkward texts and numbers, nested up to a depth.
struct RandomValues {
    var random: FastRandom

    init(seed: UInt64) {
        random = FastRandom(seed: seed)
    }

    mutating func value(depth: Int = 4) -> LeverValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2, 3: .number(number())
        case 4, 5: .string(text())
        case 6: .array((0..<Int.random(in: 0..<6, using: &random)).map { _ in value(depth: depth - 1) })
        default:
            .object(
                LeverObject(
                    (0..<Int.random(in: 0..<24, using: &random)).map { _ in (text(), value(depth: depth - 2)) }))
        }
    }

    mutating func number() -> Double {
        let special: [Double] = [
            0, -0.0, 1, -1, 0.1, 1e23, .leastNonzeroMagnitude, 0x1p53, 0x1p53 - 1, 0x1p53 + 2, 1.7976931348623157e308,
            2.2250738585072014e-308,
            1e21, 1e-7, 123.456, -99.99, 1e15, 999_999_999_999_999.9,
        ]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return special.randomElement(using: &random)!
        case 1: return Double(Int.random(in: -100_000...100_000, using: &random)) / 100
        case 2: return Double(Int.random(in: -1_000_000_000...1_000_000_000, using: &random))
        default:
            let any = Double(bitPattern: random.next())
            return any.isFinite ? any : 7
        }
    }

    mutating func text() -> String {
        let pieces = [
            "a", "key", "ü", "日本", "🙂", "\"", "\\", "\n", "\u{0}", "\u{7F}", "0123456789", "/", "\u{2028}", " ",
        ]
        return (0..<Int.random(in: 0..<7, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
    }

    /// A copy with a few bytes changed, removed or added.
    mutating func mutation(of bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let index = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: if index < bytes.count { bytes[index] = UInt8.random(in: 0...255, using: &random) }
            case 1: if index < bytes.count { bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
            case 2: if index < bytes.count { bytes.remove(at: index) }
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
            default: bytes.removeSubrange(index...)
            }
        }
        return bytes
    }
}
