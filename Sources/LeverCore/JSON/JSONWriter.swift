/// Writes values as JSON text into memory that grows at its end.
struct JSONWriter: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var count = 0
    private let isPretty: Bool

    init(isPretty: Bool = false, capacity: Int = 256) {
        self.isPretty = isPretty
        self.capacity = max(64, capacity)
        base = .allocate(capacity: self.capacity)
    }

    deinit {
        base.deallocate()
    }

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

    @inline(__always)
    private mutating func makeRoom(_ needed: Int) {
        if capacity - count < needed { grow(needed) }
    }

    @inline(never)
    private mutating func grow(_ needed: Int) {
        let larger = max(capacity * 2, count + needed)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.initialize(from: base, count: count)
        base.deallocate()
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
        guard isPretty else { return }
        put(UInt8(ascii: "\n"))
        for _ in 0..<(2 * depth) { put(UInt8(ascii: " ")) }
    }

    mutating func write(_ value: LeverValue, depth: Int = 0) {
        switch value {
        case .null: put("null")
        case .bool(true): put("true")
        case .bool(false): put("false")
        case .number(let number): write(number)
        case .string(let text): write(text)
        case .array(let values):
            put(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { put(UInt8(ascii: ",")) }
                newLine(depth + 1)
                write(value, depth: depth + 1)
            }
            if !values.isEmpty { newLine(depth) }
            put(UInt8(ascii: "]"))
        case .object(let object):
            put(UInt8(ascii: "{"))
            for index in 0..<object.count {
                if index > 0 { put(UInt8(ascii: ",")) }
                newLine(depth + 1)
                let property = object[index]
                write(property.key)
                put(UInt8(ascii: ":"))
                if isPretty { put(UInt8(ascii: " ")) }
                write(property.value, depth: depth + 1)
            }
            if !object.isEmpty { newLine(depth) }
            put(UInt8(ascii: "}"))
        }
    }

    // MARK: Numbers

    private mutating func write(_ number: Double) {
        // As JavaScript's JSON.stringify: there is no text for infinities and NaN.
        guard number.isFinite else { return put("null") }
        if number.magnitude < 9_007_199_254_740_992, number == number.rounded(.towardZero) {
            if number == 0, number.sign == .minus { return put("-0") }
            return write(Int64(number))
        }
        // The standard library prints the shortest digits that read back as the same double.
        var text = number.description
        text.withUTF8 { digits in
            makeRoom(digits.count)
            (base + count).initialize(from: digits.baseAddress!, count: digits.count)
            count += digits.count
        }
    }

    private mutating func write(_ integer: Int64) {
        makeRoom(20)
        var rest = integer.magnitude
        if integer < 0 {
            base[count] = UInt8(ascii: "-")
            count += 1
        }
        let start = count
        repeat {
            base[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            count += 1
            rest /= 10
        } while rest > 0
        var low = start
        var high = count - 1
        while low < high {
            (base[low], base[high]) = (base[high], base[low])
            low += 1
            high -= 1
        }
    }

    // MARK: Texts

    private mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            // Without escapes, the usual case, the text fits and is copied as it is.
            makeRoom(utf8.count + 2)
            base[count] = UInt8(ascii: "\"")
            count += 1
            var plain = 0
            for index in 0..<utf8.count {
                let byte = utf8[index]
                if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
                copy(utf8, plain, index)
                plain = index + 1
                writeEscape(byte)
            }
            copy(utf8, plain, utf8.count)
            put(UInt8(ascii: "\""))
        }
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
