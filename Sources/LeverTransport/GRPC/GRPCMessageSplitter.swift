import LeverCore
import NIOCore

/// Cuts a stream of bytes into gRPC messages: a flag, four bytes of length, the message. Messages come in any pieces.
struct GRPCMessageSplitter {
    static let prefixLength = 5

    private let maximumLength: Int
    private var buffer = ByteBuffer()

    init(maximumLength: Int) {
        self.maximumLength = maximumLength
    }

    /// Bytes that wait to be cut.
    var bufferedBytes: Int { buffer.readableBytes }

    mutating func append(_ data: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = data
        } else {
            // What was read already would be kept for ever on a stream that never runs empty.
            if buffer.readerIndex > 64 * 1024 { buffer.discardReadBytes() }
            buffer.writeImmutableBuffer(data)
        }
    }

    /// Whether ``next()`` would give a message or an error.
    var hasNext: Bool {
        guard let (flag, length) = prefix else { return false }
        return flag != 0 || Int(length) > maximumLength
            || buffer.readableBytes - Self.prefixLength >= Int(length)
    }

    /// The next whole message; `nil` where more bytes are needed.
    ///
    /// - Throws: ``RPCError`` for a message that is compressed or too long, as soon as its prefix is there.
    mutating func next() throws(RPCError) -> ByteBuffer? {
        guard let (flag, length) = prefix else { return nil }
        guard flag == 0 else {
            throw flag == 1
                ? RPCError(.unsupportedEncoding, "a message is compressed; only the encoding \"identity\" is supported")
                : RPCError(.badMessage, "a message has the unknown flag \(flag)")
        }
        guard Int(length) <= maximumLength else {
            throw RPCError(.tooLarge, "a message of \(length) bytes is longer than \(maximumLength) bytes")
        }
        guard buffer.readableBytes - Self.prefixLength >= Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: Self.prefixLength)
        let message = buffer.readSlice(length: Int(length))
        if buffer.readableBytes == 0 { buffer = ByteBuffer() }
        return message
    }

    private var prefix: (flag: UInt8, length: UInt32)? {
        buffer.getInteger(at: buffer.readerIndex, as: UInt8.self).flatMap { flag in
            buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self).map { (flag, $0) }
        }
    }
}
