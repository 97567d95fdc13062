import NIOCore
import NIOEmbedded
import NIOHPACK

@testable import LeverTransport

/// The other end of a connection, written frame by frame.
final class RawPeer {
    /// A frame that the connection sent.
    struct Frame: Equatable, CustomStringConvertible {
        var type: FrameType
        var flags: FrameFlags
        var stream: UInt32
        var payload: [UInt8]

        /// The code of RST_STREAM or GOAWAY.
        var code: HTTP2ErrorCode? {
            let offset = type == .resetStream ? 0 : type == .goAway ? 4 : nil
            guard let offset, payload.count >= offset + 4 else { return nil }
            return HTTP2ErrorCode(rawValue: payload[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) })
        }

        var description: String {
            "frame \(type.rawValue) on \(stream), flags \(flags.rawValue), \(payload.count) bytes"
        }
    }

    /// Records what a connection tells its users.
    final class Recorder: HTTP2ConnectionDelegate, HTTP2StreamDelegate {
        var heads: [UInt32: HTTP2Head] = [:]
        var informational: [Int] = []
        var data: [UInt32: [UInt8]] = [:]
        var trailers: [UInt32: HTTP2Head] = [:]
        var ends: [UInt32: [HTTP2StreamEnd]] = [:]
        var streams: [UInt32: HTTP2Stream] = [:]
        var sent: [UInt32: Int] = [:]
        var accepted = 0
        var isReady = false
        var isDraining = false
        var roomTold = 0
        var closed: String?
        var givesCredit = true
        var onAccept: ((HTTP2Stream) -> Void)?
        var onData: ((HTTP2Stream) -> Void)?

        func connection(
            _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
        ) -> (any HTTP2StreamDelegate)? {
            accepted += 1
            heads[stream.id] = head
            streams[stream.id] = stream
            onAccept?(stream)
            return self
        }

        func connectionIsReady(_ connection: HTTP2Connection) { isReady = true }
        func connectionIsDraining(_ connection: HTTP2Connection) { isDraining = true }
        func connectionHasRoom(_ connection: HTTP2Connection) { roomTold += 1 }
        func connectionClosed(_ connection: HTTP2Connection, reason: String) { closed = reason }
        func streamOpened(_ stream: HTTP2Stream) { streams[stream.id] = stream }

        func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {
            if head.isInformational { informational.append(head.status!) } else { heads[stream.id] = head }
        }

        func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
            self.data[stream.id, default: []] += Array(buffer: data)
            if givesCredit { stream.giveCredit(flowControlledLength) }
            onData?(stream)
        }

        func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) { self.trailers[stream.id] = trailers }
        func stream(_ stream: HTTP2Stream, sent count: Int) { sent[stream.id, default: 0] += count }
        func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) { ends[stream.id, default: []].append(end) }
    }

    let recorder = Recorder()
    let connection: HTTP2Connection
    let channel: EmbeddedChannel
    private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    private var unread = ByteBuffer()

    /// Connects to a connection of this role; with `greets` both sides' SETTINGS have been exchanged.
    init(_ role: HTTP2Connection.Role, _ configuration: HTTP2Configuration = .defaults, greets: Bool = true) {
        let loop = EmbeddedEventLoop()
        channel = EmbeddedChannel(loop: loop)
        connection = HTTP2Connection(role: role, configuration: configuration, delegate: recorder)
        try! channel.pipeline.syncOperations.addHandler(connection)
        channel.connect(to: try! SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        if greets {
            if role == .server { send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)) }
            send(.settings, [])
            send(.settings, flags: .acknowledge, [])
            _ = frames()
        }
    }

    /// The queue of what is to be flushed belongs to the thread: what this peer's loop has left there would hold up others.
    deinit { channel.embeddedEventLoop.run() }

    func send(_ bytes: [UInt8]) {
        // A connection that has closed its channel hears nothing any more.
        guard channel.isActive else { return }
        try! channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    static func frame(_ type: FrameType, flags: FrameFlags = [], stream: UInt32 = 0, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        return [
            UInt8(truncatingIfNeeded: length >> 16), UInt8(truncatingIfNeeded: length >> 8),
            UInt8(truncatingIfNeeded: length), type.rawValue, flags.rawValue,
        ] + number(stream) + payload
    }

    static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    func send(_ type: FrameType, flags: FrameFlags = [], stream: UInt32 = 0, _ payload: [UInt8]) {
        send(Self.frame(type, flags: flags, stream: stream, payload))
    }

    func block(_ fields: [(String, String)]) -> [UInt8] {
        var buffer = ByteBuffer()
        try! encoder.encode(headers: HPACKHeaders(fields), to: &buffer)
        return Array(buffer: buffer)
    }

    static let request = [
        (":method", "POST"), (":scheme", "http"), (":path", "/core.LeverRPC/HandleRPC"), (":authority", "dev.lever"),
    ]

    func sendHeaders(_ fields: [(String, String)] = request, stream: UInt32, flags: FrameFlags = .endHeaders) {
        send(.headers, flags: flags, stream: stream, block(fields))
    }

    /// All frames that the connection has sent since the last look.
    func frames() -> [Frame] {
        channel.embeddedEventLoop.run()
        while var bytes = try! channel.readOutbound(as: ByteBuffer.self) { unread.writeBuffer(&bytes) }
        if unread.readableBytes >= 24, unread.getString(at: unread.readerIndex, length: 3) == "PRI" {
            unread.moveReaderIndex(forwardBy: 24)
        }
        var frames: [Frame] = []
        while let header = FrameHeader(peeking: unread), unread.readableBytes >= FrameHeader.size + header.length {
            unread.moveReaderIndex(forwardBy: FrameHeader.size)
            frames.append(
                Frame(
                    type: header.type, flags: header.flags, stream: header.stream,
                    payload: unread.readBytes(length: header.length)!))
        }
        return frames
    }
}
