import Synchronization

extension String {
    /// Makes a string of bytes that must be UTF-8; `nil` where they are not.
    ///
    /// Decoding repairs what is invalid, so comparing tells; ASCII, the usual case, needs no comparison. That is several
    /// times faster than the standard library's validating initialiser.
    @inline(__always)
    init?(validUTF8 bytes: UnsafeBufferPointer<UInt8>) {
        if bytes.count <= SmallText.maximumLength, let small = SmallText.string(bytes) {
            self = small
        } else if let text = Self.checked(bytes) {
            self = text
        } else {
            return nil
        }
    }

    @inline(never)
    private static func checked(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        let decoded = String(decoding: bytes, as: UTF8.self)
        if bytes.isASCII { return decoded }
        var copy = decoded
        let isSame = copy.withUTF8 { utf8 in
            utf8.count == bytes.count && utf8.elementsEqual(bytes)
        }
        return isSame ? decoded : nil
    }

    /// Lends the text's UTF-8 without copying the string.
    @inline(__always)
    func withContiguousUTF8(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        if utf8.withContiguousStorageIfAvailable(body) != nil { return }
        // Only a string bridged from Objective-C has no contiguous text.
        var copy = self
        copy.withUTF8(body)
    }
}

/// Strings of up to 15 ASCII bytes, which is what most names and words are. The standard library keeps them in the 16 bytes of
/// the string itself, but making one costs three calls that are not inlined: half the time to decode a message.
enum SmallText {
    static let maximumLength = 15

    /// Whether strings lie in memory as `string(_:)` builds them: bytes in order, and in the last byte 0xE0 + the length.
    /// Asked of the library itself, once, for each length; where the answer is no, nothing is built. 0 stands for not asked
    /// yet, 1 for yes, 2 for no: an atomic word is read inline, a lazy static would be a call.
    private static let answer = Atomic<UInt8>(0)

    @inline(__always)
    private static var isLayoutKnown: Bool {
        let known = answer.load(ordering: .relaxed)
        return known == 0 ? askForLayout() : known == 1
    }

    @inline(never)
    private static func askForLayout() -> Bool {
        let isKnown = buildsAsTheLibrary()
        answer.store(isKnown ? 1 : 2, ordering: .relaxed)
        return isKnown
    }

    private static func buildsAsTheLibrary() -> Bool {
        #if _endian(little) && _pointerBitWidth(_64)
        guard MemoryLayout<String>.size == 16 else { return false }
        return (0...maximumLength).allSatisfy { length in
            let letters = (0..<length).map { UInt8(truncatingIfNeeded: 0x7F - 8 * $0) & 0x7F }
            let made = String(decoding: letters, as: UTF8.self)
            let words = letters.withUnsafeBufferPointer(words)
            return unsafeBitCast(made, to: (UInt64, UInt64).self) == words
        }
        #else
        return false
        #endif
    }

    /// The string of up to 15 bytes; `nil` where they are not ASCII or the layout is not the known one.
    @inline(__always)
    static func string(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        let words = words(bytes)
        // The length's byte has its uppermost bit set itself.
        guard (words.0 | words.1 << 8) & 0x8080_8080_8080_8080 == 0, isLayoutKnown else { return nil }
        return unsafeBitCast(words, to: String.self)
    }

    @inline(__always)
    private static func words(_ bytes: UnsafeBufferPointer<UInt8>) -> (UInt64, UInt64) {
        let count = bytes.count
        let mark = UInt64(0xE0 + count) << 56
        guard count > 0, let address = bytes.baseAddress else { return (0, mark) }
        let base = UnsafeRawPointer(address)
        if count > 8 {
            // The last eight bytes, those that the first word has already shifted out.
            let last = base.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            return (base.loadUnaligned(as: UInt64.self), last >> UInt64(8 * (16 - count)) | mark)
        }
        if count == 8 { return (base.loadUnaligned(as: UInt64.self), mark) }
        if count >= 4 {
            let first = UInt64(base.loadUnaligned(as: UInt32.self))
            let last = UInt64(base.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            return (first | last << UInt64(8 * (count - 4)), mark)
        }
        let first = UInt64(base.load(as: UInt8.self))
        let middle = UInt64(base.load(fromByteOffset: count / 2, as: UInt8.self)) << UInt64(8 * (count / 2))
        let last = UInt64(base.load(fromByteOffset: count - 1, as: UInt8.self)) << UInt64(8 * (count - 1))
        return (first | middle | last, mark)
    }
}

extension UnsafeBufferPointer<UInt8> {
    @inline(__always)
    var isASCII: Bool {
        var index = 0
        let raw = UnsafeRawPointer(baseAddress)
        while index + 8 <= count {
            if raw!.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return false }
            index += 8
        }
        while index < count {
            if self[index] >= 0x80 { return false }
            index += 1
        }
        return true
    }
}
