/// Writes a tar archive (ustar) of regular files; the same files give the same bytes.
struct TarArchive {
    private var bytes: [UInt8] = []

    /// Adds a file that everyone may read.
    ///
    /// - Precondition: the path has at most 100 bytes, and the contents less than 8 GiB.
    mutating func append(path: String, contents: [UInt8]) {
        precondition(path.utf8.count <= 100, "\(path) is too long for a tar header")
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        put(path, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(Self.octal(contents.count, digits: 11), at: 124)
        // npm's own tarballs have this date (1985-10-26); tools complain of 0.
        put(Self.octal(499_162_500, digits: 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(Self.octal(sum, digits: 6), at: 148)
        header[154] = 0
        header[155] = UInt8(ascii: " ")
        bytes += header
        bytes += contents
        bytes += [UInt8](repeating: 0, count: (512 - contents.count % 512) % 512)
    }

    /// The whole archive, with the two empty blocks that end it.
    func finished() -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: 1024)
    }

    private static func octal(_ number: Int, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
