import NIOCore
import NIOEmbedded
import Testing

@testable import LeverTransport

@Suite("Long data that comes in pieces")
struct LongDataTests {
    private static let payload = (0..<16_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

    @Test("is passed on before its frame is whole", arguments: [100, 4_095, 4_096, 4_097, 5_000, 15_999])
    func pieces(size: Int) throws {
        let peer = RawPeer(.server)
        peer.sendHeaders(stream: 1)
        var rest = RawPeer.frame(.data, flags: .endStream, stream: 1, Self.payload)[...]
        var wasEarly = false
        while !rest.isEmpty {
            peer.send(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
            if !rest.isEmpty, peer.recorder.data[1] != nil { wasEarly = true }
        }
        #expect(peer.recorder.data[1] == Self.payload)
        #expect(wasEarly)
        peer.recorder.streams[1]?.send(head: HTTP2EncodedHead([(":status", "200")]), endStream: true)
        #expect(peer.recorder.ends[1] == [.complete], "the end came with the last piece")
    }

    @Test("and the frames behind it are read from where they begin")
    func frameBehind() {
        let peer = RawPeer(.server)
        peer.sendHeaders(stream: 1)
        let first = RawPeer.frame(.data, stream: 1, Self.payload)
        peer.send(Array(first.prefix(9_000)))
        let second = RawPeer.frame(.ping, [1, 2, 3, 4, 5, 6, 7, 8])
        peer.send(Array(first.dropFirst(9_000)) + second + first + second)
        #expect(peer.recorder.data[1] == Self.payload + Self.payload)
        #expect(peer.frames().filter { $0.type == .ping }.count == 2)
    }

    @Test("of a stream that is reset in between is dropped, and the connection goes on")
    func reset() {
        let peer = RawPeer(.server)
        peer.sendHeaders(stream: 1)
        let frame = RawPeer.frame(.data, stream: 1, Self.payload)
        peer.send(Array(frame.prefix(9_000)))
        peer.recorder.streams[1]?.reset(.cancel)
        peer.send(Array(frame.dropFirst(9_000)))
        #expect(peer.recorder.data[1]?.count == 9_000 - 9)
        #expect(peer.frames().map(\.type) == [.resetStream])
        peer.sendHeaders(stream: 3)
        #expect(peer.recorder.accepted == 2)
    }

    @Test("passes no window, and no content-length")
    func bounds() {
        var configuration = HTTP2Configuration()
        configuration.maximumFrameSize = 200_000
        configuration.streamWindow = 65_535
        let window = RawPeer(.server, configuration)
        window.recorder.givesCredit = false
        window.sendHeaders(stream: 1)
        let frame = RawPeer.frame(.data, stream: 1, [UInt8](repeating: 1, count: 100_000))
        for start in stride(from: 0, to: frame.count, by: 20_000) {
            window.send(Array(frame[start..<min(start + 20_000, frame.count)]))
        }
        #expect(window.frames().first { $0.type == .resetStream }?.code == .flowControlError)
        #expect((window.recorder.data[1]?.count ?? 0) <= 65_535)
        #expect(window.recorder.closed == nil)

        let length = RawPeer(.server)
        length.sendHeaders(RawPeer.request + [("content-length", "10000")], stream: 1)
        let long = RawPeer.frame(.data, stream: 1, Self.payload)
        length.send(Array(long.prefix(9_000)))
        length.send(Array(long.dropFirst(9_000)))
        #expect(length.frames().first { $0.type == .resetStream }?.code == .protocolError)
        #expect(length.recorder.closed == nil)
    }
}
