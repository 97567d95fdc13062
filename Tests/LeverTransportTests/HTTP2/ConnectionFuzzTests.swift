import LeverCore
import NIOCore
import NIOEmbedded
import Testing

@testable import LeverTransport

/// Whatever bytes come, a connection goes on or ends in order; it never traps, and each stream ends once.
@Suite("A connection and any bytes")
struct ConnectionFuzzTests {
    private static let types: [FrameType] = [
        .data, .headers, .priority, .resetStream, .settings, .pushPromise, .ping, .goAway, .windowUpdate, .continuation,
        FrameType(rawValue: 0x20),
    ]

    private func randomFrame(_ peer: RawPeer, _ random: inout FastRandom) -> [UInt8] {
        let type = Self.types.randomElement(using: &random)!
        let stream = UInt32.random(in: 0...9, using: &random)
        let flags = FrameFlags(
            rawValue: [0, 1, 4, 5, 8, 0x20, 0x2D, UInt8.random(in: 0...255, using: &random)].randomElement(
                using: &random)!)
        var payload: [UInt8]
        switch (type, Int.random(in: 0..<4, using: &random)) {
        case (.headers, 0..<3):
            payload = peer.block(peer.connection.role == .server ? RawPeer.request : [(":status", "200")])
        case (.ping, 0..<3), (.goAway, 0..<3): payload = (0..<8).map { _ in UInt8.random(in: 0...9, using: &random) }
        case (.windowUpdate, 0..<3), (.resetStream, 0..<3):
            payload = RawPeer.number(UInt32.random(in: 0...100_000, using: &random))
        case (.settings, 0..<3):
            payload =
                [0, UInt8.random(in: 0...7, using: &random)]
                + RawPeer.number(UInt32.random(in: 0...70_000, using: &random))
            if flags.contains(.acknowledge) { payload = [] }
        default:
            payload = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
        }
        return RawPeer.frame(type, flags: flags, stream: stream, payload)
    }

    @Test("random frames, some of them mutated", arguments: Array(UInt64(1)...150))
    func frames(seed: UInt64) {
        var random = FastRandom(seed: seed)
        let role: HTTP2Connection.Role = seed % 2 == 0 ? .client : .server
        let peer = RawPeer(role)
        peer.recorder.onAccept = { stream in
            stream.send(head: HTTP2EncodedHead([(":status", "200")]))
            stream.send(data: ByteBuffer(repeating: 1, count: 70_000))
        }
        if role == .client {
            let head = HTTP2EncodedHead(RawPeer.request.map { (name: $0.0, value: $0.1) })
            for _ in 0..<4 { _ = peer.connection.open(head: head, endStream: false, delegate: peer.recorder) }
        }
        for _ in 0..<120 where peer.channel.isActive {
            var bytes = randomFrame(peer, &random)
            if Int.random(in: 0..<6, using: &random) == 0 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            peer.send(bytes)
            for stream in peer.recorder.streams.values where Int.random(in: 0..<9, using: &random) == 0 {
                stream.send(data: ByteBuffer(repeating: 2, count: 100), endStream: Bool.random(using: &random))
            }
            _ = peer.frames()
        }
        if peer.channel.isActive { peer.connection.close(reason: "the test is over") }
        _ = peer.frames()
        #expect(peer.recorder.closed != nil)
        for (id, _) in peer.recorder.streams {
            #expect(peer.recorder.ends[id]?.count == 1, "stream \(id): \(String(describing: peer.recorder.ends[id]))")
        }
        #expect(peer.connection.openStreams == 0)
    }
}
