import LeverCore

/// Goes through a tar archive, entry by entry.
///
/// It understands v7, ustar, GNU (long names, base-256 sizes) and pax (path, linkpath, size). It judges no names: what an entry
/// may do is for ``TreeWriter`` to say.
struct TarReader {
    /// What an entry is.
    enum Kind: Equatable {
        case file(size: Int)
        case directory
        case symbolicLink(target: String)
        case hardLink(target: String)
    }

    /// One entry; its content has to be read before the next one.
    struct Entry: Equatable {
        var name: String
        var kind: Kind
        /// The permission bits.
        var mode: Int
    }

    /// Long names and pax headers larger than this are refused.
    private static let extensionLimit = 1024 * 1024

    private let source: GzipReader
    /// The bytes of the current entry that have not been read, and the padding behind them.
    private var content = 0
    private var padding = 0

    init(_ source: GzipReader) {
        self.source = source
    }

    /// The next entry; `nil` at the archive's end, which is two blocks of zeros, one, or (some programs) nothing at all.
    mutating func next() throws -> Entry? {
        try skipContent()
        var extended = PaxRecords()
        while let block = try source.readBlock(TarHeader.blockSize), let header = try TarHeader(block) {
            switch header.kind {
            case UInt8(ascii: "L"): extended.path = try Array(readExtension(header).prefix { $0 != 0 })
            case UInt8(ascii: "K"): extended.linkpath = try Array(readExtension(header).prefix { $0 != 0 })
            case UInt8(ascii: "x"):
                let records = try PaxRecords(readExtension(header))
                extended.path = records.path ?? extended.path
                extended.linkpath = records.linkpath ?? extended.linkpath
                extended.size = records.size ?? extended.size
            case UInt8(ascii: "g"):
                // Global headers carry comments (git archive); one that renamed every entry would make no sense.
                let records = try PaxRecords(readExtension(header))
                guard records.path == nil, records.linkpath == nil, records.size == nil else {
                    throw RuntimeError(.package, "the archive has a global pax header with a path or size")
                }
            default: return try entry(header, extended)
            }
        }
        // The rest is padding, but the gzip checksum is at its end.
        while try source.read(upTo: .max) > 0 {}
        return nil
    }

    private mutating func entry(_ header: TarHeader, _ extended: PaxRecords) throws -> Entry {
        let name = try Self.text(extended.path ?? header.name, of: "a name")
        let size = extended.size ?? header.size
        let kind: Kind
        switch header.kind {
        case 0 where name.hasSuffix("/"): kind = .directory
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): kind = .file(size: size)
        case UInt8(ascii: "5"): kind = .directory
        case UInt8(ascii: "1"):
            kind = .hardLink(target: try Self.text(extended.linkpath ?? header.target, of: "the target of \"\(name)\""))
        case UInt8(ascii: "2"):
            kind = .symbolicLink(
                target: try Self.text(extended.linkpath ?? header.target, of: "the target of \"\(name)\""))
        case UInt8(ascii: "3"), UInt8(ascii: "4"): throw Self.refusal(name, "is a device")
        case UInt8(ascii: "6"): throw Self.refusal(name, "is a named pipe")
        case UInt8(ascii: "S"): throw Self.refusal(name, "is a sparse file, which is not supported")
        default: throw Self.refusal(name, "has the unknown type '\(String(decoding: [header.kind], as: UTF8.self))'")
        }
        // Only files have content; some programs write a link's or directory's size without any.
        if case .file = kind { begin(size) }
        return Entry(name: name, kind: kind, mode: header.mode)
    }

    private static func refusal(_ name: String, _ what: String) -> RuntimeError {
        RuntimeError(.package, "the archive's entry \"\(name.prefix(200))\" \(what)")
    }

    private static func text(_ bytes: [UInt8], of what: String) throws -> String {
        guard !bytes.contains(0) else { throw RuntimeError(.package, "\(what) in the archive holds a zero byte") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RuntimeError(
                .package,
                "\(what) in the archive is not UTF-8: \"\(String(decoding: bytes.prefix(200), as: UTF8.self))\"")
        }
        return text
    }

    private mutating func begin(_ size: Int) {
        content = size
        padding = (TarHeader.blockSize - size % TarHeader.blockSize) % TarHeader.blockSize
    }

    private mutating func readExtension(_ header: TarHeader) throws -> [UInt8] {
        guard header.size <= Self.extensionLimit else {
            throw RuntimeError(
                .package, "the archive has a header of \(header.size) bytes; \(Self.extensionLimit) is the limit")
        }
        begin(header.size)
        var data: [UInt8] = []
        while try readContent({ data.append(contentsOf: $0) }) {}
        try skipContent()
        return data
    }

    /// Gives the next bytes of the current entry's content to `body`; `false` at its end.
    mutating func readContent(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        guard content > 0 else { return false }
        let count = try source.read(upTo: content, body)
        guard count > 0 else { throw RuntimeError(.package, "the archive is cut off") }
        content -= count
        return true
    }

    private mutating func skipContent() throws {
        while try readContent({ _ in }) {}
        content = padding
        padding = 0
        while try readContent({ _ in }) {}
    }
}
