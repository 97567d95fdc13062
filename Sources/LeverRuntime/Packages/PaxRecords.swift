import LeverCore

/// The records of a pax extended header that matter here: a long name, a long link, a large size.
struct PaxRecords {
    var path: [UInt8]?
    var linkpath: [UInt8]?
    var size: Int?

    init() {}

    /// Reads records `<length> <key>=<value>\n`; keys without meaning for an unpacked tree are passed over.
    ///
    /// - Throws: `RuntimeError` with the code `package`: malformed records, or a sparse file.
    init(_ data: [UInt8]) throws {
        var rest = data[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")), space - rest.startIndex <= 9,
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length > space - rest.startIndex + 1, length <= rest.count
            else { throw Self.malformed }
            let end = rest.startIndex + length
            let record = rest[(space + 1)..<end]
            guard record.last == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
                throw Self.malformed
            }
            let value = Array(record[(equals + 1)...].dropLast())
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": path = value
            case "linkpath": linkpath = value
            case "size":
                guard let number = Int(String(decoding: value, as: UTF8.self)), number >= 0 else {
                    throw Self.malformed
                }
                size = number
            case let key where key.hasPrefix("GNU.sparse."):
                throw RuntimeError(
                    .package, "the archive holds a sparse file, which is not supported: pack it without --sparse")
            default: break
            }
            rest = rest[end...]
        }
    }

    private static var malformed: RuntimeError {
        RuntimeError(.package, "the archive is damaged: a pax header is malformed")
    }
}
