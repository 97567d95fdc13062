import NIOCore
import NIOEmbedded
import Testing

@testable import LeverTransport

@Suite("Breaches of the protocol")
struct ProtocolErrorTests {
    struct Breach: Sendable, CustomTestStringConvertible {
        let name: String
        let code: HTTP2ErrorCode
        /// Frames after a request on stream 1 whose body is still open.
        let bytes: [UInt8]

        init(_ name: String, _ code: HTTP2ErrorCode, _ bytes: [UInt8]) {
            self.name = name
            self.code = code
            self.bytes = bytes
        }

        var testDescription: String { name }
    }

    private static func frame(
        _ type: FrameType, _ flags: FrameFlags = [], _ stream: UInt32 = 0, _ payload: [UInt8] = []
    ) -> [UInt8] {
        RawPeer.frame(type, flags: flags, stream: stream, payload)
    }

    static let ofConnection = [
        Breach("a frame that is too long", .frameSizeError, [0, 0x40, 1, 0, 0, 0, 0, 0, 1]),
        Breach("DATA on stream 0", .protocolError, frame(.data, [], 0, [1])),
        Breach("DATA on an idle stream", .protocolError, frame(.data, [], 9, [1])),
        Breach("HEADERS on stream 0", .protocolError, frame(.headers, .endHeaders, 0, [0x82])),
        Breach("HEADERS on an even stream", .protocolError, frame(.headers, .endHeaders, 2, [0x82])),
        Breach("padding longer than the frame", .protocolError, frame(.data, .padded, 1, [9, 1, 2])),
        Breach("padding without its length", .frameSizeError, frame(.data, .padded, 1, [])),
        Breach(
            "HEADERS too short for its priority", .frameSizeError,
            frame(.headers, [.endHeaders, .priority], 3, [0, 0])),
        Breach("CONTINUATION without HEADERS", .protocolError, frame(.continuation, .endHeaders, 1, [])),
        Breach(
            "another frame within a header block", .protocolError,
            frame(.headers, [], 3, [0x82]) + frame(.ping, [], 0, [UInt8](repeating: 0, count: 8))),
        Breach(
            "CONTINUATION of another stream", .protocolError,
            frame(.headers, [], 3, [0x82]) + frame(.continuation, .endHeaders, 5, [0x84])),
        Breach(
            "a header block that cannot be decoded", .compressionError,
            frame(.headers, .endHeaders, 3, [0xFF, 0xFF, 0xFF])),
        Breach("an index that is not in the table", .compressionError, frame(.headers, .endHeaders, 3, [0xFE])),
        Breach("SETTINGS on a stream", .protocolError, frame(.settings, [], 1, [])),
        Breach("SETTINGS of a wrong length", .frameSizeError, frame(.settings, [], 0, [0, 1, 0])),
        Breach(
            "an acknowledgement with settings", .frameSizeError, frame(.settings, .acknowledge, 0, [0, 1, 0, 0, 0, 0])),
        Breach("ENABLE_PUSH of 2", .protocolError, frame(.settings, [], 0, [0, 2, 0, 0, 0, 2])),
        Breach("an initial window above 2^31 - 1", .flowControlError, frame(.settings, [], 0, [0, 4, 0x80, 0, 0, 0])),
        Breach("a frame size below 2^14", .protocolError, frame(.settings, [], 0, [0, 5, 0, 0, 0x3F, 0xFF])),
        Breach("a frame size above 2^24 - 1", .protocolError, frame(.settings, [], 0, [0, 5, 1, 0, 0, 0])),
        Breach("PUSH_PROMISE", .protocolError, frame(.pushPromise, .endHeaders, 1, [0, 0, 0, 2, 0x82])),
        Breach("PING on a stream", .protocolError, frame(.ping, [], 1, [UInt8](repeating: 0, count: 8))),
        Breach("PING of a wrong length", .frameSizeError, frame(.ping, [], 0, [1, 2])),
        Breach("GOAWAY on a stream", .protocolError, frame(.goAway, [], 1, [UInt8](repeating: 0, count: 8))),
        Breach("GOAWAY that is too short", .frameSizeError, frame(.goAway, [], 0, [0, 0])),
        Breach("WINDOW_UPDATE of a wrong length", .frameSizeError, frame(.windowUpdate, [], 0, [1])),
        Breach("WINDOW_UPDATE of the connection by 0", .protocolError, frame(.windowUpdate, [], 0, [0, 0, 0, 0])),
        Breach("WINDOW_UPDATE of an idle stream", .protocolError, frame(.windowUpdate, [], 7, [0, 0, 0, 1])),
        Breach(
            "a connection's window above 2^31 - 1", .flowControlError,
            frame(.windowUpdate, [], 0, [0x7F, 0xFF, 0xFF, 0xFF])),
        Breach("RST_STREAM on stream 0", .protocolError, frame(.resetStream, [], 0, [0, 0, 0, 8])),
        Breach("RST_STREAM of an idle stream", .protocolError, frame(.resetStream, [], 7, [0, 0, 0, 8])),
        Breach("RST_STREAM of a wrong length", .frameSizeError, frame(.resetStream, [], 1, [0])),
        Breach("PRIORITY on stream 0", .protocolError, frame(.priority, [], 0, [0, 0, 0, 1, 1])),
    ]

    @Test("of the connection end it with GOAWAY", arguments: ofConnection)
    func connectionErrors(breach: Breach) throws {
        let peer = RawPeer(.server)
        peer.sendHeaders(stream: 1)
        peer.send(breach.bytes)
        let frames = peer.frames()
        let goAway = try #require(frames.last { $0.type == .goAway }, "\(frames)")
        #expect(goAway.code == breach.code)
        #expect(Array(goAway.payload[0..<4]) == RawPeer.number(max(1, peer.connection.lastPeerStream)))
        #expect(frames.contains { $0.type == .resetStream && $0.stream == 1 }, "open streams are answered")
        #expect(peer.recorder.ends[1]?.count == 1)
        #expect(peer.recorder.closed != nil)
        #expect(!peer.channel.isActive)
    }

    static let ofStream = [
        Breach("PRIORITY of a wrong length", .frameSizeError, frame(.priority, [], 1, [0])),
        Breach("WINDOW_UPDATE by 0", .protocolError, frame(.windowUpdate, [], 1, [0, 0, 0, 0])),
        Breach("a window above 2^31 - 1", .flowControlError, frame(.windowUpdate, [], 1, [0x7F, 0xFF, 0xFF, 0xFF])),
        Breach(
            "trailers that do not end the stream", .protocolError, frame(.headers, .endHeaders, 1, [0x0F, 0x2A, 0])),
        Breach("trailers with pseudo-headers", .protocolError, frame(.headers, [.endHeaders, .endStream], 1, [0x82])),
        Breach(
            "more data than the window", .flowControlError,
            (0..<17).flatMap { _ in frame(.data, [], 1, [UInt8](repeating: 0, count: 16_384)) }),
    ]

    @Test("of one stream end it alone", arguments: ofStream)
    func streamErrors(breach: Breach) throws {
        let peer = RawPeer(.server)
        peer.recorder.givesCredit = false
        peer.sendHeaders(stream: 1)
        peer.send(breach.bytes)
        let frames = peer.frames()
        let reset = try #require(frames.first { $0.type == .resetStream }, "\(frames)")
        #expect(reset.stream == 1)
        #expect(reset.code == breach.code)
        guard case .resetLocally(breach.code, .some)? = peer.recorder.ends[1]?.first else {
            Issue.record("the stream ended as \(String(describing: peer.recorder.ends[1]))")
            return
        }
        // What the peer had sent before it heard is ignored, and the connection goes on.
        peer.send(.data, stream: 1, [1, 2, 3])
        peer.send(.windowUpdate, stream: 1, [0, 0, 0, 1])
        peer.sendHeaders(stream: 3, flags: [.endHeaders, .endStream])
        #expect(peer.recorder.accepted == 2)
        #expect(peer.recorder.closed == nil)
    }

    @Test(
        "a request's head that is malformed is refused, and the connection goes on",
        arguments: [
            [(":method", "GET"), (":scheme", "http")],
            [(":method", "GET"), (":path", "/")],
            [(":scheme", "http"), (":path", "/")],
            [(":method", "GET"), (":scheme", "http"), (":path", "")],
            [(":method", "GET"), (":scheme", "http"), (":path", "x")],
            RawPeer.request + [(":method", "GET")],
            RawPeer.request + [(":status", "200")],
            RawPeer.request + [(":other", "1")],
            [("a", "b")] + RawPeer.request,
            RawPeer.request + [("Upper", "1")],
            RawPeer.request + [("connection", "close")],
            RawPeer.request + [("transfer-encoding", "chunked")],
            RawPeer.request + [("te", "gzip")],
            RawPeer.request + [("a b", "1")],
            RawPeer.request + [("a", "1\r\nb: 2")],
            RawPeer.request + [("a", " 1")],
            RawPeer.request + [("a", "1 ")],
            RawPeer.request + [("content-length", "-1")],
            RawPeer.request + [("content-length", "1"), ("content-length", "2")],
            [(":method", "CONNECT"), (":authority", "a:1")],
        ])
    func malformedHeads(fields: [(String, String)]) {
        let peer = RawPeer(.server)
        peer.sendHeaders(fields, stream: 1)
        let frames = peer.frames()
        #expect(frames.map(\.type) == [.resetStream])
        #expect(frames.first?.code == .protocolError)
        #expect(peer.recorder.accepted == 0)
        peer.sendHeaders(stream: 3)
        #expect(peer.recorder.accepted == 1)
    }

    @Test(
        "content that differs from content-length is an error of its stream",
        arguments: [
            (5, [3, 3]), (5, [4]), (0, [1]),
        ])
    func contentLength(length: Int, parts: [Int]) {
        let peer = RawPeer(.server)
        peer.sendHeaders(RawPeer.request + [("content-length", "\(length)")], stream: 1)
        for (index, part) in parts.enumerated() {
            peer.send(
                .data, flags: index == parts.count - 1 ? .endStream : [], stream: 1, [UInt8](repeating: 1, count: part))
        }
        #expect(peer.frames().first { $0.type == .resetStream }?.code == .protocolError)
    }

    @Test(
        "a connection that does not begin as HTTP/2 is closed",
        arguments: [
            Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), [0x16, 3, 1, 2, 0, 1, 0, 1],
            Array("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".utf8),
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + RawPeer.frame(.ping, [UInt8](repeating: 0, count: 8)),
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + RawPeer.frame(.settings, flags: .acknowledge, []),
        ])
    func preface(bytes: [UInt8]) {
        let peer = RawPeer(.server, greets: false)
        peer.send(bytes)
        #expect(peer.frames().contains { $0.type == .goAway && $0.code == .protocolError })
        #expect(!peer.channel.isActive)
    }

    @Test(
        "floods of frames without effect end the connection",
        arguments: [
            RawPeer.frame(.ping, [UInt8](repeating: 0, count: 8)), RawPeer.frame(.settings, []),
            RawPeer.frame(.data, stream: 1, []), RawPeer.frame(.priority, stream: 1, [0, 0, 0, 0, 1]),
            RawPeer.frame(FrameType(rawValue: 0xEE), [1]),
        ])
    func floods(frame: [UInt8]) {
        var configuration = HTTP2Configuration()
        configuration.maximumIdleFrames = 100
        let peer = RawPeer(.server, configuration)
        peer.sendHeaders(stream: 1)
        for _ in 0..<20 {
            peer.send((0..<20).flatMap { _ in frame })
            if !peer.channel.isActive { break }
        }
        #expect(peer.frames().last { $0.type == .goAway }?.code == .enhanceYourCalm)
    }

    @Test("opening and resetting streams without end ends the connection")
    func rapidReset() {
        var configuration = HTTP2Configuration()
        configuration.maximumIdleFrames = 100
        let peer = RawPeer(.server, configuration)
        for number in 0..<400 where peer.channel.isActive {
            peer.sendHeaders(stream: UInt32(number * 2 + 1))
            peer.send(.resetStream, stream: UInt32(number * 2 + 1), [0, 0, 0, 8])
        }
        #expect(peer.frames().last { $0.type == .goAway }?.code == .enhanceYourCalm)
    }

    @Test("header blocks are bounded: large ones cost their stream, endless ones the connection")
    func headerBounds() {
        var configuration = HTTP2Configuration()
        configuration.maximumHeaderListSize = 1_000
        let large = RawPeer(.server, configuration)
        large.sendHeaders(RawPeer.request + [("a", String(repeating: "x", count: 1_500))], stream: 1)
        #expect(large.frames().map(\.code) == [.enhanceYourCalm])
        large.sendHeaders(stream: 3)
        #expect(large.recorder.accepted == 1)

        let endless = RawPeer(.server, configuration)
        endless.send(.headers, stream: 1, [0x82])
        for _ in 0..<300 where endless.channel.isActive { endless.send(.continuation, stream: 1, []) }
        #expect(endless.frames().last?.code == .enhanceYourCalm)
    }
}
