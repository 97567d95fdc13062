import NIOCore

/// What a connection has to send, collected until its next flush: one buffer, whose memory is used again once the socket
/// has taken it.
struct FrameWriter {
    private var buffer = ByteBuffer()
    private var isShared = false

    /// Bytes that wait for the flush.
    var pendingBytes: Int { isShared ? 0 : buffer.readableBytes }

    /// Hands over what was collected; `nil` where there is nothing.
    mutating func take() -> ByteBuffer? {
        guard !isShared, buffer.readableBytes > 0 else { return nil }
        isShared = true
        return buffer
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
        writeHeader(
            FrameHeader(length: data.readableBytes, type: .data, flags: endStream ? .endStream : [], stream: stream))
        buffer.writeImmutableBuffer(data)
    }

    /// Writes a header block as one HEADERS frame and as many CONTINUATION frames as the peer's frame size asks for.
    mutating func writeHeaders(_ stream: UInt32, _ block: [UInt8], endStream: Bool, maximumFrameSize: Int) {
        let flags: FrameFlags = endStream ? .endStream : []
        if block.count <= maximumFrameSize {
            writeHeader(
                FrameHeader(length: block.count, type: .headers, flags: flags.union(.endHeaders), stream: stream))
            buffer.writeBytes(block)
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
