/// Writes values as JSON text into memory that grows at its end.
struct JSONWriter: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var count = 0
    private let isPretty: Bool

    init(isPretty: Bool = false, capacity: Int = 256) {
        self.isPretty = isPretty
        var size = max(64, capacity)
        base = ScratchBlock.take(&size).assumingMemoryBound(to: UInt8.self)
        self.capacity = size
    }

    deinit {
        ScratchBlock.giveBack(base, capacity: capacity)
    }

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

    @inline(__always)
    private mutating func makeRoom(_ needed: Int) {
        if capacity - count < needed { grow(needed) }
    }

    @inline(never)
    private mutating func grow(_ needed: Int) {
        var larger = max(capacity * 2, count + needed)
        let moved = ScratchBlock.take(&larger).assumingMemoryBound(to: UInt8.self)
        moved.initialize(from: base, count: count)
        ScratchBlock.giveBack(base, capacity: capacity)
        base = moved
        capacity = larger
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        makeRoom(1)
        base[count] = byte
        count += 1
    }

    private mutating func put(_ text: StaticString) {
        makeRoom(text.utf8CodeUnitCount)
        (base + count).initialize(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    private mutating func newLine(_ depth: Int) {
        put(UInt8(ascii: "\n"))
        for _ in 0..<(2 * depth) { put(UInt8(ascii: " ")) }
    }

    mutating func write(_ value: borrowing LeverValue, depth: Int = 0) {
        switch value {
        case .null: put("null")
        case .bool(true): put("true")
        case .bool(false): put("false")
        case .number(let number): write(number)
        case .string(let text): write(text)
        case .array(let values): writeElements(values, depth: depth)
        case .object(let object): writeProperties(object, depth: depth)
        }
    }

    private mutating func writeElements(_ values: [LeverValue], depth: Int) {
        put(UInt8(ascii: "["))
        values.withUnsafeBufferPointer { values in
            var index = 0
            while index < values.count {
                if index > 0 { put(UInt8(ascii: ",")) }
                if isPretty { newLine(depth + 1) }
                write(values[index], depth: depth + 1)
                index += 1
            }
        }
        if isPretty, !values.isEmpty { newLine(depth) }
        put(UInt8(ascii: "]"))
    }

    private mutating func writeProperties(_ object: LeverObject, depth: Int) {
        put(UInt8(ascii: "{"))
        object.withEntries { entries in
            var index = 0
            while index < entries.count {
                if index > 0 { put(UInt8(ascii: ",")) }
                if isPretty { newLine(depth + 1) }
                write(entries[index].key)
                put(UInt8(ascii: ":"))
                if isPretty { put(UInt8(ascii: " ")) }
                write(entries[index].value, depth: depth + 1)
                index += 1
            }
        }
        if isPretty, !object.isEmpty { newLine(depth) }
        put(UInt8(ascii: "}"))
    }

    // MARK: Numbers

    private mutating func write(_ number: Double) {
        // As JavaScript's JSON.stringify: there is no text for infinities and NaN.
        guard number.isFinite else { return put("null") }
        if number.magnitude < 9_007_199_254_740_992, number == Double(Int64(number)) {
            if number == 0, number.sign == .minus { return put("-0") }
            return write(Int64(number))
        }
        if writeDecimal(number) { return }
        // The standard library prints the shortest digits that read back as the same double; ".0" says nothing in JSON.
        number.description.withContiguousUTF8 { digits in
            let length =
                digits.count > 2 && digits[digits.count - 2] == UInt8(ascii: ".")
                    && digits[digits.count - 1] == UInt8(ascii: "0") ? digits.count - 2 : digits.count
            makeRoom(length)
            (base + count).initialize(from: digits.baseAddress!, count: length)
            count += length
        }
    }

    /// Writes a number of at most six decimals and 15 digits in all, the usual kind; `false` for any other.
    ///
    /// No two decimals of so few digits are the same double, so the one found is the shortest. That it reads back as the number
    /// is checked: both operands are exact, so their quotient is what a reader gets.
    private mutating func writeDecimal(_ number: Double) -> Bool {
        let product = number.magnitude * 1_000_000
        guard product < 1e15 else { return false }
        let scaled = Int64(product + 0.5)
        guard Double(scaled) / 1_000_000 == number.magnitude, number != 0 else { return false }
        let (whole, fraction) = scaled.quotientAndRemainder(dividingBy: 1_000_000)
        makeRoom(32)
        if number < 0 { put(UInt8(ascii: "-")) }
        write(whole)
        base[count] = UInt8(ascii: ".")
        var rest = fraction
        var last = 0
        for place in stride(from: 6, to: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            base[count + place] = UInt8(ascii: "0") + digit
            if digit != 0, last == 0 { last = place }
        }
        count += last + 1
        return true
    }

    private mutating func write(_ integer: Int64) {
        makeRoom(20)
        var rest = integer.magnitude
        if integer < 0 {
            base[count] = UInt8(ascii: "-")
            count += 1
        }
        if rest < 10 {
            base[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest)
            count += 1
            return
        }
        var digits = 2
        var bound: UInt64 = 100
        while rest >= bound, digits < 19 {
            digits += 1
            bound *= 10
        }
        var position = count + digits
        count = position
        while rest >= 10 {
            let (quotient, last) = rest.quotientAndRemainder(dividingBy: 100)
            let tens = last / 10
            base[position - 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: last - 10 * tens)
            base[position - 2] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: tens)
            position -= 2
            rest = quotient
        }
        // An odd number of digits leaves one.
        if rest > 0 { base[position - 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest) }
    }

    // MARK: Texts

    @inline(__always)
    private mutating func write(_ text: String) {
        text.withContiguousUTF8 { writeText($0) }
    }

    private mutating func writeText(_ utf8: UnsafeBufferPointer<UInt8>) {
        // Without escapes, the usual case, the text fits and is copied as it is.
        makeRoom(utf8.count + 2)
        base[count] = UInt8(ascii: "\"")
        count += 1
        let index = copyPlain(utf8)
        count += index
        if index < utf8.count { writeEscaped(utf8, from: index) }
        put(UInt8(ascii: "\""))
    }

    /// Copies a text behind what is written up to the first byte that needs an escape, or a little before it, and returns how
    /// many bytes that were. What is left of the eights is covered by loads that overlap what came before.
    @inline(__always)
    private func copyPlain(_ utf8: UnsafeBufferPointer<UInt8>) -> Int {
        let size = utf8.count
        guard size > 0, let address = utf8.baseAddress else { return 0 }
        let source = UnsafeRawPointer(address)
        let target = UnsafeMutableRawPointer(base + count)
        var index = 0
        if size >= 8 {
            while index + 8 <= size {
                let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if Self.needsEscape(word) { return index }
                target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
                index += 8
            }
            let word = source.loadUnaligned(fromByteOffset: size - 8, as: UInt64.self)
            if Self.needsEscape(word) { return index }
            target.storeBytes(of: word, toByteOffset: size - 8, as: UInt64.self)
            return size
        }
        if size >= 4 {
            let first = source.loadUnaligned(as: UInt32.self)
            let last = source.loadUnaligned(fromByteOffset: size - 4, as: UInt32.self)
            if Self.needsEscape(UInt64(first) | UInt64(last) << 32) { return 0 }
            target.storeBytes(of: first, as: UInt32.self)
            target.storeBytes(of: last, toByteOffset: size - 4, as: UInt32.self)
            return size
        }
        while index < size {
            let byte = utf8[index]
            guard byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { return index }
            target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
            index += 1
        }
        return size
    }

    /// Whether one of eight bytes is a quote, a backslash or a control character. A byte above 0x7F never counts as one
    /// ("Bit Twiddling Hacks", S. E. Anderson: a byte less than n, a zero byte).
    @inline(__always)
    private static func needsEscape(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let found =
            ((word &- ones &* 0x20) & ~word) | ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
        return found & 0x8080_8080_8080_8080 != 0
    }

    @inline(never)
    private mutating func writeEscaped(_ utf8: UnsafeBufferPointer<UInt8>, from start: Int) {
        var plain = start
        for index in start..<utf8.count {
            let byte = utf8[index]
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
            copy(utf8, plain, index)
            plain = index + 1
            writeEscape(byte)
        }
        copy(utf8, plain, utf8.count)
    }

    @inline(__always)
    private mutating func copy(_ source: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) {
        guard end > start else { return }
        makeRoom(end - start)
        (base + count).initialize(from: source.baseAddress! + start, count: end - start)
        count += end - start
    }

    private mutating func writeEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): put("\\\"")
        case UInt8(ascii: "\\"): put("\\\\")
        case 0x0A: put("\\n")
        case 0x0D: put("\\r")
        case 0x09: put("\\t")
        case 0x08: put("\\b")
        case 0x0C: put("\\f")
        default:
            put("\\u00")
            put(byte >> 4 == 0 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            let low = byte & 0xF
            put(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        }
    }
}
