/// Writes the gzip format (RFC 1952) without compressing.
enum Gzip {
    /// The bytes as one gzip member of stored blocks.
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        // No time, so that the same bytes give the same member; system 255: unknown.
        var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        result.reserveCapacity(bytes.count + bytes.count / 65_535 * 5 + 32)
        var start = 0
        repeat {
            let end = min(start + 65_535, bytes.count)
            let length = UInt16(end - start)
            result.append(end == bytes.count ? 1 : 0)
            result.append(littleEndian: length)
            result.append(littleEndian: ~length)
            result.append(contentsOf: bytes[start..<end])
            start = end
        } while start < bytes.count
        result.append(littleEndian: checksum(bytes))
        result.append(littleEndian: UInt32(truncatingIfNeeded: bytes.count))
        return result
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 0 ? value >> 1 : (value >> 1) ^ 0xEDB8_8320 }
    }

    /// CRC-32 of the bytes.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
