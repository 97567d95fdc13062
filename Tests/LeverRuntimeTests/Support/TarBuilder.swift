import CZlib

/// Builds archives byte by byte, hostile ones above all.
struct TarBuilder {
    var bytes: [UInt8] = []

    /// Adds an entry; its size is that of `content` unless another is claimed.
    mutating func add(
        _ name: String, kind: Character = "0", content: [UInt8] = [], mode: Int = 0o644, target: String = "",
        size: String? = nil, rawName: [UInt8]? = nil, magic: String = "ustar\u{0}00", prefix: String = ""
    ) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: [UInt8], _ offset: Int) { block.replaceSubrange(offset..<(offset + text.count), with: text) }
        put(Array((rawName ?? Array(name.utf8)).prefix(100)), 0)
        put(Self.octal(mode, 7), 100)
        put(Self.octal(0, 7), 108)
        put(Self.octal(0, 7), 116)
        put(size.map { Array($0.utf8) } ?? Self.octal(content.count, 11), 124)
        put(Self.octal(0, 11), 136)
        block[156] = kind == "\u{0}" ? 0 : kind.asciiValue ?? 0
        put(Array(target.utf8.prefix(100)), 157)
        put(Array(magic.utf8), 257)
        put(Array(prefix.utf8), 345)
        Self.seal(&block)
        bytes += block + content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// Adds a pax header for the next entry.
    mutating func addPax(_ records: [(String, String)], kind: Character = "x") {
        var data = ""
        for (key, value) in records {
            let rest = " \(key)=\(value)\n"
            var length = rest.utf8.count + 1
            while "\(length)".utf8.count + rest.utf8.count != length { length += 1 }
            data += "\(length)\(rest)"
        }
        add("pax", kind: kind, content: Array(data.utf8))
    }

    /// Adds a `lever.json` that makes a service of this name.
    mutating func addManifest(name: String = "hello") {
        add("lever.json", content: Array(#"{"name": "\#(name)", "jsEntry": "main.js"}"#.utf8))
    }

    /// Writes the checksum into a header.
    static func seal(_ block: inout [UInt8]) {
        for index in 148..<156 { block[index] = UInt8(ascii: " ") }
        let sum = block[..<512].reduce(0) { $0 + Int($1) }
        block.replaceSubrange(148..<155, with: octal(sum, 6) + [0])
    }

    static func octal(_ value: Int, _ width: Int) -> [UInt8] {
        let digits = Array(String(value, radix: 8).utf8)
        return [UInt8](repeating: UInt8(ascii: "0"), count: max(width - digits.count, 0)) + digits
    }

    /// The archive with its end, compressed.
    func packed() -> [UInt8] { Self.gzip(bytes + [UInt8](repeating: 0, count: 1024)) }

    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        deflateInit2_(
            stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(stream, UInt(bytes.count))) + 64)
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                deflate(stream, Z_FINISH)
                return Int(stream.pointee.total_out)
            }
        }
        return Array(output[..<count])
    }
}
