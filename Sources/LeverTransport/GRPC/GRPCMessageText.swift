/// The text of `grpc-message`.
enum GRPCMessageText {
    /// The longest text that is sent, in bytes; what is longer is cut.
    static let maximumLength = 4096

    /// The text as it is sent: plain ASCII, since old programs do not percent-decode it. Other characters become `?`,
    /// control characters spaces. A `%` that could be taken for an escape by those who do decode is escaped itself.
    static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(text.utf8.count, maximumLength) + 8)
        var wasControl = true
        for character in text.unicodeScalars {
            guard bytes.count < maximumLength else { break }
            switch character.value {
            case 0...0x20, 0x7F:
                // Runs become one; none at the start, since header values do not begin with white space.
                if !wasControl || (character == " " && !bytes.isEmpty) { bytes.append(0x20) }
                wasControl = true
            case 0x21...0x7E:
                bytes.append(UInt8(character.value))
                wasControl = false
            default:
                bytes.append(UInt8(ascii: "?"))
                wasControl = false
            }
        }
        while bytes.last == 0x20 { bytes.removeLast() }
        return String(decoding: withEscapesEscaped(bytes), as: UTF8.self)
    }

    private static func withEscapesEscaped(_ bytes: [UInt8]) -> [UInt8] {
        let percent = UInt8(ascii: "%")
        guard bytes.contains(percent) else { return bytes }
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            result.append(byte)
            if byte == percent, index + 2 < bytes.count, hex(bytes[index + 1]) != nil, hex(bytes[index + 2]) != nil {
                result.append(contentsOf: [UInt8(ascii: "2"), UInt8(ascii: "5")])
            }
        }
        return result
    }

    /// The text that a received value stands for: percent-decoded as UTF-8; what is no escape stays as it is.
    static func decode(_ text: String) -> String {
        let percent = UInt8(ascii: "%")
        guard text.utf8.contains(percent) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == percent, index + 2 < bytes.count, let high = hex(bytes[index + 1]),
                let low = hex(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
