import LeverCore
import LeverTransport
import NIOCore
import Synchronization

/// Reads the body of a channel's request: lines, or what is left of it in pieces as they come.
final class BodyReader: Sendable {
    private let exchange: any HTTPExchange
    private let maximumLine: Int
    private let buffer = Mutex(ByteBuffer())

    init(_ exchange: any HTTPExchange, maximumLine: Int) {
        self.exchange = exchange
        self.maximumLine = maximumLine
    }

    /// The next line without its end; the last one may lack it. `nil` at the end of the body.
    func nextLine() async throws -> ByteBuffer? {
        // What was searched for a line's end already.
        var searched = 0
        while true {
            let line: ByteBuffer? = buffer.withLock { buffer in
                let view = buffer.readableBytesView.dropFirst(searched)
                guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
                    searched = buffer.readableBytes
                    return nil
                }
                let line = buffer.readSlice(length: end - buffer.readerIndex)
                buffer.moveReaderIndex(forwardBy: 1)
                return line
            }
            if let line { return line }
            guard searched <= maximumLine else {
                throw RPCError(.tooLarge, "a line of the body is longer than \(maximumLine) bytes")
            }
            guard let chunk = try await exchange.nextChunk() else {
                return buffer.withLock { buffer in
                    defer { buffer = ByteBuffer() }
                    return buffer.readableBytes > 0 ? buffer : nil
                }
            }
            buffer.withLock { buffer in
                if buffer.readableBytes == 0 {
                    buffer = chunk
                } else {
                    buffer.discardReadBytes()
                    buffer.writeImmutableBuffer(chunk)
                }
            }
        }
    }

    /// The next piece of the body; `nil` at its end.
    func nextChunk() async throws -> ByteBuffer? {
        let rest = buffer.withLock { buffer in
            defer { buffer = ByteBuffer() }
            return buffer
        }
        if rest.readableBytes > 0 { return rest }
        return try await exchange.nextChunk()
    }
}
