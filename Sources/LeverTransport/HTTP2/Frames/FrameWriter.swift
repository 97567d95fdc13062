import NIOCore

/// What a connection has to send, collected until its next flush: one buffer, whose memory is used again once the socket
/// has taken it. Long data is not copied: it is noted where it belongs, and written from where it lies.
struct FrameWriter {
    /// From how many bytes on copying costs more than one more entry in a gathering write.
    private static let longData = 4_096

    private var buffer = ByteBuffer()
    private var isShared = false
    private var longParts: [(offset: Int, data: ByteBuffer)] = []
    private var longBytes = 0

    /// Bytes that wait for the flush.
    var pendingBytes: Int { isShared ? 0 : buffer.readableBytes + longBytes }

    /// Hands over what was collected, part by part; `false` where there is nothing.
    mutating func take(_ write: (ByteBuffer) -> Void) -> Bool {
        guard !isShared, buffer.readableBytes > 0 else { return false }
        isShared = true
        guard !longParts.isEmpty else {
            write(buffer)
            return true
        }
        var rest = buffer
        for (offset, data) in longParts {
            if let before = rest.readSlice(length: offset - rest.readerIndex), before.readableBytes > 0 {
                write(before)
            }
            write(data)
        }
        if rest.readableBytes > 0 { write(rest) }
        longParts.removeAll(keepingCapacity: true)
        longBytes = 0
        return true
    }

    @inline(__always)
    private mutating func begin() {
        guard isShared else { return }
        isShared = false
        if buffer.capacity > 256 * 1024 {
            buffer = ByteBuffer()
        } else {
            // In place where the socket has let go of the memory, else with new memory.
            buffer.clear()
        }
    }

    @inline(__always)
    private mutating func writeHeader(_ header: FrameHeader) {
        begin()
        buffer.writeMultipleIntegers(
            UInt32(truncatingIfNeeded: header.length) << 8 | UInt32(header.type.rawValue), header.flags.rawValue,
            header.stream)
    }

    /// Writes a whole frame in one step: the usual frames are short, and each step on the buffer has its price.
    @inline(__always)
    private mutating func write(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        begin()
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: FrameHeader.size + payload.count) { memory in
            let first = UInt32(truncatingIfNeeded: header.length) << 8 | UInt32(header.type.rawValue)
            memory.storeBytes(of: first.bigEndian, as: UInt32.self)
            memory.storeBytes(of: header.flags.rawValue, toByteOffset: 4, as: UInt8.self)
            memory.storeBytes(of: header.stream.bigEndian, toByteOffset: 5, as: UInt32.self)
            if payload.count > 0 {
                UnsafeMutableRawBufferPointer(rebasing: memory[FrameHeader.size...]).copyMemory(from: payload)
            }
            return FrameHeader.size + payload.count
        }
    }

    /// The 24 bytes with which a client begins.
    static let clientPreface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    mutating func writeClientPreface() {
        begin()
        buffer.writeStaticString(Self.clientPreface)
    }

    mutating func writeSettings(_ settings: [(HTTP2Setting, UInt32)]) {
        writeHeader(FrameHeader(length: settings.count * 6, type: .settings, stream: 0))
        for (setting, value) in settings { buffer.writeMultipleIntegers(setting.rawValue, value) }
    }

    mutating func writeSettingsAcknowledgement() {
        writeHeader(FrameHeader(length: 0, type: .settings, flags: .acknowledge, stream: 0))
    }

    mutating func writePing(_ payload: UInt64, acknowledge: Bool) {
        writeHeader(FrameHeader(length: 8, type: .ping, flags: acknowledge ? .acknowledge : [], stream: 0))
        buffer.writeInteger(payload)
    }

    mutating func writeGoAway(lastStream: UInt32, _ code: HTTP2ErrorCode, _ text: String) {
        let text = text.utf8.prefix(256)
        writeHeader(FrameHeader(length: 8 + text.count, type: .goAway, stream: 0))
        buffer.writeMultipleIntegers(lastStream, code.rawValue)
        buffer.writeBytes(text)
    }

    mutating func writeReset(_ stream: UInt32, _ code: HTTP2ErrorCode) {
        writeHeader(FrameHeader(length: 4, type: .resetStream, stream: stream))
        buffer.writeInteger(code.rawValue)
    }

    mutating func writeWindowUpdate(_ stream: UInt32, _ increment: Int) {
        writeHeader(FrameHeader(length: 4, type: .windowUpdate, stream: stream))
        buffer.writeInteger(UInt32(truncatingIfNeeded: increment))
    }

    @inline(__always)
    mutating func writeData(_ stream: UInt32, _ data: ByteBuffer, endStream: Bool) {
        let header = FrameHeader(
            length: data.readableBytes, type: .data, flags: endStream ? .endStream : [], stream: stream)
        guard data.readableBytes >= Self.longData else {
            data.withUnsafeReadableBytes { write(header, $0) }
            return
        }
        writeHeader(header)
        longParts.append((buffer.writerIndex, data))
        longBytes += data.readableBytes
    }

    /// Writes a header block as one HEADERS frame and as many CONTINUATION frames as the peer's frame size asks for.
    mutating func writeHeaders(_ stream: UInt32, _ block: [UInt8], endStream: Bool, maximumFrameSize: Int) {
        let flags: FrameFlags = endStream ? .endStream : []
        if block.count <= maximumFrameSize {
            let header = FrameHeader(
                length: block.count, type: .headers, flags: flags.union(.endHeaders), stream: stream)
            block.withUnsafeBytes { write(header, $0) }
            return
        }
        var rest = block[...]
        var type = FrameType.headers
        while !rest.isEmpty {
            let part = rest.prefix(maximumFrameSize)
            rest = rest.dropFirst(part.count)
            var flags = type == .headers ? flags : []
            if rest.isEmpty { flags.insert(.endHeaders) }
            writeHeader(FrameHeader(length: part.count, type: type, flags: flags, stream: stream))
            buffer.writeBytes(part)
            type = .continuation
        }
    }
}
