/// Maps names to names of folders: different ones to different ones, and every one to something safe in every file system.
enum FolderName {
    /// Longer ones are cut and get a digest; file systems allow 255 bytes.
    private static let limit = 200

    /// The folder of a name: bytes other than letters, digits, `-`, `_` and dots become `%XX`, as does a dot at the start, so that
    /// it is neither `.` nor `..` nor hidden (names with a dot at the start are our own temporary ones).
    static func encode(_ name: String) -> String {
        var folder = ""
        for (index, byte) in name.utf8.enumerated() {
            let isDot = byte == UInt8(ascii: ".")
            if isPlain(byte) || (isDot && index > 0) {
                folder.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                folder += "%" + hex(byte)
            }
        }
        guard folder.utf8.count > limit else { return folder }
        // An encoded '%' is always followed by digits, so that no other name gives this one.
        return folder.prefix(100) + "%-" + ContentDigest.of(Array(name.utf8))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}
