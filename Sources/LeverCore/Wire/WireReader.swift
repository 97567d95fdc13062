/// Reads fields of a protobuf message out of memory; never outside its bounds. Offsets count from the message's start.
struct WireReader {
    /// One field's number and wire type, and where its contents lie.
    struct Field {
        var tag: UInt64
        /// For length-delimited fields the contents; for others the value's own bytes.
        var start: Int
        var end: Int
        var number: UInt64 { tag >> 3 }
        var wireType: UInt64 { tag & 7 }
    }

    let base: UnsafeRawPointer
    var position: Int
    let end: Int

    @inline(__always)
    init(base: UnsafeRawPointer, start: Int, end: Int) {
        self.base = base
        position = start
        self.end = end
    }

    @inline(__always)
    var isAtEnd: Bool { position >= end }

    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// Reads the next field; the position is then behind it. There must be a byte left.
    ///
    /// Nearly every field has a tag and a length of one byte each; they are read here, the rest out of line.
    @inline(__always)
    mutating func next() throws(CodecError) -> Field {
        let tag = byte(at: position)
        let left = end &- position
        if tag & 0x87 == 2, tag >= 8, left >= 2 {
            let length = Int(byte(at: position &+ 1))
            if length < 0x80, length <= left &- 2 {
                let start = position &+ 2
                position = start &+ length
                return Field(tag: UInt64(tag), start: start, end: position)
            }
        }
        return try anyField()
    }

    @inline(never)
    private mutating func anyField() throws(CodecError) -> Field {
        let fieldStart = position
        let tag = try varint()
        switch tag & 7 {
        case 2:
            let lengthStart = position
            let length = try varint()
            guard length <= UInt64(end - position) else {
                throw CodecError(
                    message: "a field of \(length) bytes does not fit into the \(end - position) that are left",
                    offset: lengthStart)
            }
            let start = position
            position += Int(length)
            try checkNumber(tag, fieldStart)
            return Field(tag: tag, start: start, end: position)
        case 0:
            let start = position
            _ = try varint()
            try checkNumber(tag, fieldStart)
            return Field(tag: tag, start: start, end: position)
        case 1: return try fixed(8, tag, fieldStart)
        case 5: return try fixed(4, tag, fieldStart)
        case 3, 4: throw CodecError(message: "groups are not allowed", offset: fieldStart)
        default: throw CodecError(message: "there is no wire type \(tag & 7)", offset: fieldStart)
        }
    }

    private mutating func fixed(_ size: Int, _ tag: UInt64, _ fieldStart: Int) throws(CodecError) -> Field {
        guard end - position >= size else {
            throw CodecError(message: "a number of \(size) bytes is cut off", offset: position)
        }
        let start = position
        position += size
        try checkNumber(tag, fieldStart)
        return Field(tag: tag, start: start, end: position)
    }

    @inline(__always)
    private func checkNumber(_ tag: UInt64, _ offset: Int) throws(CodecError) {
        if tag < 8 || tag >> 3 > 0x1FFF_FFFF { throw Self.badNumber(tag, offset) }
    }

    @inline(never)
    private static func badNumber(_ tag: UInt64, _ offset: Int) -> CodecError {
        CodecError(message: "there is no field number \(tag >> 3)", offset: offset)
    }

    /// Reads a varint of at most 10 bytes.
    @inline(never)
    mutating func varint() throws(CodecError) -> UInt64 {
        let start = position
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < end else { throw CodecError(message: "a varint is cut off", offset: start) }
            let byte = byte(at: position)
            position += 1
            if shift == 63, byte > 1 { throw CodecError(message: "a varint is longer than 64 bits", offset: start) }
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
            shift += 7
            if shift > 63 { throw CodecError(message: "a varint is longer than 10 bytes", offset: start) }
        }
    }

    /// The contents of a field, valid as long as the message is.
    @inline(__always)
    func buffer(_ field: Field) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(
            start: (base + field.start).assumingMemoryBound(to: UInt8.self), count: field.end - field.start)
    }

    @inline(__always)
    func text(_ field: Field) throws(CodecError) -> String {
        guard let text = String(validUTF8: buffer(field)) else {
            throw Self.badText(field.start)
        }
        return text
    }

    @inline(never)
    private static func badText(_ offset: Int) -> CodecError {
        CodecError(message: "a text is not valid UTF-8", offset: offset)
    }

    func bytes(_ field: Field) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: base + field.start, count: field.end - field.start))
    }

    func reader(of field: Field) -> WireReader {
        WireReader(base: base, start: field.start, end: field.end)
    }
}
