/// Writes the headers of a tar archive: ustar (POSIX.1-1988), with a pax header (POSIX.1-2001) before it where a name, a
/// link's target or a length does not fit.
enum TarHeader {
    /// What every header and file is padded to.
    static let blockSize = 512

    /// The end of an archive: two blocks of zeros.
    static let end = [UInt8](repeating: 0, count: 2 * blockSize)

    private static let largestOctalSize = 0o77777777777

    /// The header, or headers, of an entry.
    static func bytes(of entry: PackageEntry) -> [UInt8] {
        var name = Array(entry.path.utf8)
        var target: [UInt8] = []
        let type: UInt8
        switch entry.kind {
        case .directory:
            name.append(UInt8(ascii: "/"))
            type = UInt8(ascii: "5")
        case .file: type = UInt8(ascii: "0")
        case .link(let text):
            target = Array(text.utf8)
            type = UInt8(ascii: "2")
        }
        var records: [UInt8] = []
        let split = split(name)
        if split == nil { append("path", name, to: &records) }
        if target.count > 100 { append("linkpath", target, to: &records) }
        if entry.size > largestOctalSize { append("size", Array(String(entry.size).utf8), to: &records) }
        var bytes: [UInt8] = []
        if !records.isEmpty {
            bytes += block(
                name: Array("PaxHeaders/entry".utf8), mode: 0o644, size: records.count, modified: entry.modified,
                type: UInt8(ascii: "x"))
            bytes += records
            bytes += padding(after: records.count)
        }
        bytes += block(
            name: split?.name ?? Array(name.prefix(100)), prefix: split?.prefix ?? [], mode: entry.mode,
            size: min(entry.size, largestOctalSize), modified: entry.modified, type: type,
            target: Array(target.prefix(100)))
        return bytes
    }

    /// The zeros that fill the last block of `count` bytes.
    static func padding(after count: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (blockSize - count % blockSize) % blockSize)
    }

    /// Splits a name at a slash so that it fits into the header's two fields; `nil` where none does it.
    private static func split(_ name: [UInt8]) -> (prefix: [UInt8], name: [UInt8])? {
        if name.count <= 100 { return ([], name) }
        // The slash of a directory's end belongs to the name.
        for index in name.indices.dropLast() where name[index] == UInt8(ascii: "/") && index > 0 {
            if index > 155 { return nil }
            if name.count - index - 1 <= 100 { return (Array(name[..<index]), Array(name[(index + 1)...])) }
        }
        return nil
    }

    /// Appends `<length> <key>=<value>\n`, where the length counts itself.
    private static func append(_ key: String, _ value: [UInt8], to records: inout [UInt8]) {
        let rest = key.utf8.count + value.count + 3
        var length = rest + String(rest).utf8.count
        if String(length).utf8.count + rest != length { length = rest + String(length).utf8.count }
        records += Array("\(length) \(key)=".utf8)
        records += value
        records.append(UInt8(ascii: "\n"))
    }

    private static func block(
        name: [UInt8], prefix: [UInt8] = [], mode: UInt32, size: Int, modified: Int, type: UInt8, target: [UInt8] = []
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: blockSize)
        func put(_ bytes: some Collection<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        func put(octal number: Int, digits: Int, at offset: Int) {
            let text = String(number, radix: 8)
            put((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8, at: offset)
        }
        put(name, at: 0)
        put(octal: Int(mode & 0o777), digits: 7, at: 100)
        // The owner is nobody in particular: 0.
        put(octal: 0, digits: 7, at: 108)
        put(octal: 0, digits: 7, at: 116)
        put(octal: size, digits: 11, at: 124)
        put(octal: min(max(0, modified), largestOctalSize), digits: 11, at: 136)
        block[156] = type
        put(target, at: 157)
        put("ustar\u{0}00".utf8, at: 257)
        put(prefix, at: 345)
        // The checksum counts its own field as spaces.
        put(octal: block.reduce(8 * 0x20) { $0 + Int($1) }, digits: 6, at: 148)
        block[155] = 0x20
        return block
    }
}
