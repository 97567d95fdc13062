/// Reads JSON text strictly as RFC 8259 has it. The bytes are read through an unsafe pointer, always behind a check of the
/// position against the end.
struct JSONReader: ~Copyable {
    private struct Failure: Error {
        let message: String
        let offset: Int
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let limits: ValueLimits
    private var position = 0
    private var elements = 0
    private var values = MoveStack<LeverValue>()
    private var entries = MoveStack<LeverObject.Entry>()

    private init(_ bytes: UnsafeBufferPointer<UInt8>, limits: ValueLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Reads one value that fills the text.
    static func read(_ bytes: UnsafeBufferPointer<UInt8>, limits: ValueLimits) throws(JSONError) -> LeverValue {
        var reader = JSONReader(bytes, limits: limits)
        do throws(Failure) {
            guard bytes.count <= limits.maximumLength else {
                throw Failure(message: "the text is longer than \(limits.maximumLength) bytes", offset: 0)
            }
            let value = try reader.value(depth: 0)
            reader.skipSpace()
            guard reader.position == bytes.count else {
                throw Failure(message: "unexpected \(reader.found) after the value", offset: reader.position)
            }
            return value
        } catch {
            throw located(error, in: bytes)
        }
    }

    private static func located(_ failure: Failure, in bytes: UnsafeBufferPointer<UInt8>) -> JSONError {
        var line = 1
        var lineStart = 0
        for index in 0..<min(failure.offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return JSONError(
            message: failure.message, offset: failure.offset, line: line, column: failure.offset - lineStart + 1)
    }

    /// What stands at the position, for messages.
    private var found: String {
        guard position < bytes.count else { return "end of the text" }
        let byte = bytes[position]
        return (0x21..<0x7F).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
    }

    private func unexpected(_ wanted: String) -> Failure {
        Failure(message: "unexpected \(found), \(wanted) should be here", offset: position)
    }

    @inline(__always)
    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    @inline(__always)
    private var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

    private mutating func value(depth: Int) throws(Failure) -> LeverValue {
        skipSpace()
        switch current {
        case UInt8(ascii: "\""):
            return .string(try string())
        case UInt8(ascii: "{"):
            return try object(depth: depth)
        case UInt8(ascii: "["):
            return try array(depth: depth)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try number())
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default:
            throw unexpected("a value")
        }
    }

    private mutating func literal(_ word: StaticString) throws(Failure) {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count else { throw unexpected("a value") }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] { throw unexpected("a value") }
        position += count
    }

    // MARK: Containers

    private mutating func enter(_ depth: Int) throws(Failure) {
        guard depth < limits.maximumDepth else {
            throw Failure(message: "the value is nested deeper than \(limits.maximumDepth) levels", offset: position)
        }
        position += 1
        skipSpace()
    }

    private mutating func countElement() throws(Failure) {
        elements += 1
        guard elements <= limits.maximumElements else {
            throw Failure(message: "the text holds more than \(limits.maximumElements) elements", offset: position)
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> LeverValue {
        try enter(depth)
        if current == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        let first = values.count
        while true {
            try countElement()
            values.push(try value(depth: depth + 1))
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return .array(values.popArray(from: first))
            default: throw unexpected("',' or ']'")
            }
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> LeverValue {
        try enter(depth)
        if current == UInt8(ascii: "}") {
            position += 1
            return .object(LeverObject())
        }
        let first = entries.count
        var keys = RepeatedKeys()
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
            try countElement()
            let key = try string()
            key.withContiguousUTF8 { keys.note($0) }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw unexpected("':'") }
            position += 1
            entries.push(LeverObject.Entry(key: key, value: try value(depth: depth + 1)))
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return .object(
                    LeverObject(entries: entries.popEntries(from: first), mayRepeat: keys.arePossible))
            default: throw unexpected("',' or '}'")
            }
        }
    }

    // MARK: Texts

    private mutating func string() throws(Failure) -> String {
        let start = position + 1
        var index = start
        let count = bytes.count
        while index < count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                position = index + 1
                return try text(start, index)
            }
            if byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            index += 1
        }
        return try escapedString(from: start, plainUntil: index)
    }

    @inline(__always)
    private func text(_ start: Int, _ end: Int) throws(Failure) -> String {
        guard let text = String(validUTF8: UnsafeBufferPointer(rebasing: bytes[start..<end])) else {
            throw Failure(message: "a text is not valid UTF-8", offset: start)
        }
        return text
    }

    private mutating func escapedString(from start: Int, plainUntil firstSpecial: Int) throws(Failure) -> String {
        var buffer: [UInt8] = []
        buffer.append(contentsOf: bytes[start..<firstSpecial])
        position = firstSpecial
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                let result = buffer.withUnsafeBufferPointer { String(validUTF8: $0) }
                guard let result else { throw Failure(message: "a text is not valid UTF-8", offset: start) }
                return result
            case UInt8(ascii: "\\"):
                try escape(into: &buffer)
            case 0..<0x20:
                throw Failure(message: "control character \(byte) in a text must be escaped", offset: position)
            default:
                buffer.append(byte)
                position += 1
            }
        }
        throw Failure(message: "a text is not closed", offset: start - 1)
    }

    private mutating func escape(into buffer: inout [UInt8]) throws(Failure) {
        let start = position
        guard position + 1 < bytes.count else { throw Failure(message: "a text is not closed", offset: start) }
        let kind = bytes[position + 1]
        position += 2
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(kind)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourHexDigits(start)
            if (0xD800..<0xDC00).contains(code) {
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw Failure(message: "a lone surrogate", offset: start) }
                position += 2
                let low = try fourHexDigits(start)
                guard (0xDC00..<0xE000).contains(low) else {
                    throw Failure(message: "a lone surrogate", offset: start)
                }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = UnicodeScalar(code) else { throw Failure(message: "a lone surrogate", offset: start) }
            buffer.append(contentsOf: UTF8.encode(scalar)!)
        default:
            throw Failure(message: "an unknown escape", offset: start)
        }
    }

    private mutating func fourHexDigits(_ start: Int) throws(Failure) -> UInt32 {
        guard position + 4 <= bytes.count else { throw Failure(message: "an escape is cut off", offset: start) }
        var code: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw Failure(message: "an escape needs four hexadecimal digits", offset: start)
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    // MARK: Numbers

    /// Powers of ten that a double holds exactly.
    private static let exactPowers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// Reads a number. A mantissa below 2⁵³ times or over a power of ten up to 10²² has two exact operands, so one operation
    /// rounds it right (Clinger, "How to Read Floating Point Numbers Accurately", 1990); the rest goes to the C library.
    private mutating func number() throws(Failure) -> Double {
        let start = position
        var mantissa: UInt64 = 0
        var digits = 0
        var exponent = 0
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
        } else {
            guard isDigit(current) else { throw unexpected("a digit") }
            readDigits(&mantissa, &digits)
        }
        if current == UInt8(ascii: ".") {
            position += 1
            guard isDigit(current) else { throw unexpected("a digit") }
            let first = position
            readDigits(&mantissa, &digits)
            exponent -= position - first
        }
        if current | 0x20 == UInt8(ascii: "e") {
            position += 1
            let isBelow = current == UInt8(ascii: "-")
            if isBelow || current == UInt8(ascii: "+") { position += 1 }
            guard isDigit(current) else { throw unexpected("a digit") }
            var written = 0
            while isDigit(current) {
                written = min(written * 10 + Int(current - UInt8(ascii: "0")), 100_000)
                position += 1
            }
            exponent += isBelow ? -written : written
        }
        if digits <= 19, mantissa <= 1 << 53, abs(exponent) <= 22 {
            let power = Self.exactPowers[abs(exponent)]
            let magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
            return isNegative ? -magnitude : magnitude
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let number = Double(text), number.isFinite else {
            throw Failure(message: "the number is too large", offset: start)
        }
        return number
    }

    @inline(__always)
    private func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") <= 9
    }

    @inline(__always)
    private mutating func readDigits(_ mantissa: inout UInt64, _ digits: inout Int) {
        while isDigit(current) {
            // Leading zeros of a fraction do not count against the 19 digits that fit.
            if digits < 19 { mantissa = mantissa &* 10 &+ UInt64(current &- UInt8(ascii: "0")) }
            if mantissa != 0 { digits += 1 }
            position += 1
        }
    }
}
