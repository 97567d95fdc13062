extension String {
    /// Makes a string of bytes that must be UTF-8; `nil` where they are not.
    ///
    /// Decoding repairs what is invalid, so comparing tells; ASCII, the usual case, needs no comparison. That is several
    /// times faster than the standard library's validating initialiser.
    @inline(__always)
    init?(validUTF8 bytes: UnsafeBufferPointer<UInt8>) {
        let decoded = String(decoding: bytes, as: UTF8.self)
        if bytes.isASCII {
            self = decoded
            return
        }
        var copy = decoded
        let isSame = copy.withUTF8 { utf8 in
            utf8.count == bytes.count && utf8.elementsEqual(bytes)
        }
        guard isSame else { return nil }
        self = decoded
    }
}

extension UnsafeBufferPointer<UInt8> {
    @inline(__always)
    fileprivate var isASCII: Bool {
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
