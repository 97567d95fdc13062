import LeverCore

/// One 512-byte header of a tar archive: old (v7), ustar or GNU.
struct TarHeader {
    static let blockSize = 512

    /// The type flag as written.
    var kind: UInt8
    /// The name as written, bytes of any kind.
    var name: [UInt8]
    /// What a link names, as written.
    var target: [UInt8]
    /// The permission bits.
    var mode: Int
    /// How many bytes of content follow.
    var size: Int

    /// Reads a block; `nil` where all of it is zero, which marks an archive's end.
    ///
    /// - Throws: `RuntimeError` with the code `package`: the checksum or a number is wrong.
    init?(_ block: [UInt8]) throws {
        precondition(block.count == Self.blockSize)
        if block.allSatisfy({ $0 == 0 }) { return nil }
        kind = block[156]
        name = Self.text(block[0..<100])
        target = Self.text(block[157..<257])
        let magic = Array(block[257..<263])
        // GNU's magic has a space here; its old headers keep times where ustar has the prefix.
        if magic == Array("ustar\0".utf8) {
            let prefix = Self.text(block[345..<500])
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
        let shown = String(decoding: name.prefix(100), as: UTF8.self)
        guard let checksum = Self.number(block[148..<156]), Self.matches(block, checksum) else {
            throw RuntimeError(.package, "the archive is damaged: the header of \"\(shown)\" has a wrong checksum")
        }
        guard let size = Self.number(block[124..<136]) else {
            throw RuntimeError(.package, "the archive's entry \"\(shown)\" has a malformed size")
        }
        guard let mode = Self.number(block[100..<108]) else {
            throw RuntimeError(.package, "the archive's entry \"\(shown)\" has a malformed mode")
        }
        self.size = size
        self.mode = mode & 0o777
    }

    /// The checksum counts its own field as spaces. Old programs summed signed bytes, so either sum will do.
    private static func matches(_ block: [UInt8], _ checksum: Int) -> Bool {
        var (unsigned, signed) = (0, 0)
        for (index, byte) in block.enumerated() {
            let counted = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            unsigned += Int(counted)
            signed += Int(Int8(bitPattern: counted))
        }
        return checksum == unsigned || checksum == signed
    }

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] {
        Array(field.prefix { $0 != 0 })
    }

    /// Octal digits between spaces or zeros, or GNU's base 256, marked by the first bit; `nil` where it is neither, or negative.
    static func number(_ field: ArraySlice<UInt8>) -> Int? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            guard first == 0x80 else { return nil }
            var value = 0
            for byte in field.dropFirst() {
                guard value <= Int.max >> 8 else { return nil }
                value = value << 8 | Int(byte)
            }
            return value
        }
        let isPadding = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == 0 }
        let trimmed = field.drop(while: { $0 == UInt8(ascii: " ") })
        let digits = trimmed.prefix { !isPadding($0) }
        guard trimmed.dropFirst(digits.count).allSatisfy(isPadding) else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit), value <= Int.max >> 3 else { return nil }
            value = value << 3 | Int(digit - UInt8(ascii: "0"))
        }
        return value
    }
}
