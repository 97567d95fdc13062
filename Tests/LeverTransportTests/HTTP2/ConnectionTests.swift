import NIOCore
import NIOEmbedded
import Testing

@testable import LeverTransport

@Suite("One connection")
struct ConnectionTests {
    private static let answer = HTTP2EncodedHead([(":status", "200"), ("content-type", "application/grpc")])
    private static let trailers = HTTP2EncodedHead([("grpc-status", "0")])
    private static let request = HTTP2EncodedHead(RawPeer.request.map { (name: $0.0, value: $0.1) })

    @Test("greets with its settings and acknowledges the peer's", arguments: [HTTP2Connection.Role.client, .server])
    func greeting(role: HTTP2Connection.Role) {
        let peer = RawPeer(role, greets: false)
        if role == .server { peer.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)) }
        #expect(peer.frames().map(\.type) == [.settings, .windowUpdate])
        #expect(!peer.recorder.isReady)
        peer.send(.settings, [])
        #expect(peer.recorder.isReady)
        let frames = peer.frames()
        #expect(frames.map(\.type) == [.settings])
        #expect(frames.first?.flags == .acknowledge)
    }

    @Test("a peer that never acknowledges is given up")
    func settingsTimeout() {
        let peer = RawPeer(.server, greets: false)
        peer.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + RawPeer.frame(.settings, []))
        peer.channel.embeddedEventLoop.advanceTime(by: .seconds(21))
        #expect(peer.frames().last?.code == .settingsTimeout)
    }

    @Test("a request comes in, cut at any byte", arguments: 1...60)
    func cut(size: Int) throws {
        let peer = RawPeer(.server)
        // ":method POST, :scheme http, :path /" of the static table.
        let request =
            RawPeer.frame(.headers, flags: [.padded, .priority], stream: 1, [2, 0, 0, 0, 0, 7, 0x83, 0, 0])
            + RawPeer.frame(.continuation, flags: .endHeaders, stream: 1, [0x86, 0x84])
            + RawPeer.frame(.data, flags: .padded, stream: 1, [3, 1, 2, 3, 0, 0, 0])
            + RawPeer.frame(.data, flags: .endStream, stream: 1, [4, 5])
        var rest = request[...]
        while !rest.isEmpty {
            peer.send(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        #expect(peer.recorder.heads[1]?.path == "/")
        #expect(peer.recorder.data[1] == [1, 2, 3, 4, 5])
        #expect(peer.recorder.ends[1] == nil)
        let stream = try #require(peer.recorder.streams[1])
        stream.send(head: Self.answer)
        stream.send(data: ByteBuffer(bytes: [9]))
        stream.send(trailers: Self.trailers)
        #expect(peer.recorder.ends[1] == [.complete])
        #expect(peer.frames().map(\.type) == [.headers, .data, .headers])
        // A stale handle does nothing.
        stream.send(data: ByteBuffer(bytes: [9]))
        stream.reset(.cancel)
        #expect(!stream.isOpenForSending)
        #expect(peer.frames().isEmpty)
    }

    @Test("data goes as far as the windows allow, and on when they open")
    func windows() throws {
        let peer = RawPeer(.server)
        peer.sendHeaders(stream: 1, flags: [.endHeaders, .endStream])
        let stream = try #require(peer.recorder.streams[1])
        stream.send(head: Self.answer)
        stream.send(data: ByteBuffer(repeating: 1, count: 100_000))
        stream.send(trailers: Self.trailers)
        func sent(_ frames: [RawPeer.Frame]) -> Int {
            frames.filter { $0.type == .data }.map(\.payload.count).reduce(0, +)
        }
        var frames = peer.frames()
        #expect(sent(frames) == 65_535)
        #expect(frames.allSatisfy { $0.payload.count <= 16_384 })
        #expect(peer.recorder.sent[1] == 65_535)
        peer.send(.windowUpdate, stream: 1, RawPeer.number(50_000))
        #expect(sent(peer.frames()) == 0, "the connection's window is still closed")
        peer.send(.windowUpdate, stream: 0, RawPeer.number(1_000))
        #expect(sent(peer.frames()) == 1_000)
        // A smaller initial window takes credit back, below zero if need be; a larger one gives it.
        peer.send(.settings, [0, 4, 0, 0, 0, 0])
        peer.send(.windowUpdate, stream: 0, RawPeer.number(100_000))
        #expect(sent(peer.frames()) == 0)
        peer.send(.settings, [0, 4, 0, 1, 0, 0])
        frames = peer.frames()
        #expect(sent(frames) == 100_000 - 66_535)
        let last = frames.last { $0.stream == 1 }
        #expect(last?.type == .headers)
        #expect(last?.flags.contains(.endStream) == true)
        #expect(peer.recorder.ends[1] == [.complete])
    }

    @Test("streams take turns")
    func turns() throws {
        let peer = RawPeer(.server)
        peer.send(.windowUpdate, stream: 0, RawPeer.number(1_000_000))
        for id in [1, 3, 5] as [UInt32] { peer.sendHeaders(stream: id, flags: [.endHeaders, .endStream]) }
        peer.send(.settings, [0, 4, 0, 0, 0, 0])
        for id in [1, 3, 5] as [UInt32] {
            peer.recorder.streams[id]?.send(head: Self.answer)
            peer.recorder.streams[id]?.send(data: ByteBuffer(repeating: 1, count: 60_000), endStream: true)
        }
        _ = peer.frames()
        peer.send(.settings, [0, 4, 0, 1, 0, 0])
        let order = peer.frames().filter { $0.type == .data }.map(\.stream)
        #expect(order.count == 12)
        #expect(Set(order.prefix(6)) == [1, 3, 5], "\(order)")
    }

    @Test("credit goes back in steps: the connection's at once, a stream's when its user says so")
    func credit() {
        var configuration = HTTP2Configuration()
        configuration.streamWindow = 65_535
        configuration.connectionWindow = 100_000
        let peer = RawPeer(.server, configuration)
        peer.recorder.givesCredit = false
        peer.sendHeaders(stream: 1)
        for _ in 0..<4 { peer.send(.data, stream: 1, [UInt8](repeating: 0, count: 16_000)) }
        var frames = peer.frames()
        #expect(frames.map(\.stream) == [0], "only the connection's credit went back: \(frames)")
        peer.recorder.streams[1]?.giveCredit(30_000)
        #expect(peer.frames().isEmpty)
        peer.recorder.streams[1]?.giveCredit(10_000)
        frames = peer.frames()
        #expect(frames.map(\.type) == [.windowUpdate])
        #expect(frames.first?.payload == RawPeer.number(40_000))
    }

    @Test("beyond its bound streams are refused")
    func tooManyStreams() {
        var configuration = HTTP2Configuration()
        configuration.maximumConcurrentStreams = 2
        let peer = RawPeer(.server, configuration)
        for id in [1, 3, 5] as [UInt32] { peer.sendHeaders(stream: id) }
        let frames = peer.frames()
        #expect(frames.map(\.stream) == [5])
        #expect(frames.first?.code == .refusedStream)
        peer.send(.resetStream, stream: 1, [0, 0, 0, 8])
        #expect(peer.recorder.ends[1] == [.resetByPeer(.cancel)])
        peer.sendHeaders(stream: 7)
        #expect(peer.recorder.accepted == 3)
    }

    @Test("PING is answered, and its own measure the way")
    func ping() {
        let peer = RawPeer(.server)
        peer.send(.ping, [1, 2, 3, 4, 5, 6, 7, 8])
        let frames = peer.frames()
        #expect(frames.first?.payload == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(frames.first?.flags == .acknowledge)
        var times = 0
        peer.connection.ping { _ in times += 1 }
        let own = peer.frames()[0]
        peer.send(.ping, flags: .acknowledge, own.payload)
        peer.send(.ping, flags: .acknowledge, own.payload)
        #expect(times == 1)
    }

    @Test("a server drains: it says so, takes what was under way, refuses what comes late, and closes after the last")
    func serverDrain() throws {
        let peer = RawPeer(.server)
        peer.sendHeaders(stream: 1)
        peer.connection.drain()
        var frames = peer.frames()
        #expect(frames.map(\.type) == [.goAway, .ping])
        #expect(Array(frames[0].payload.prefix(4)) == RawPeer.number(0x7FFF_FFFF))
        peer.sendHeaders(stream: 3)
        #expect(peer.recorder.accepted == 2)
        peer.send(.ping, flags: .acknowledge, frames[1].payload)
        frames = peer.frames()
        #expect(Array(frames[0].payload.prefix(4)) == RawPeer.number(3))
        peer.sendHeaders(stream: 5)
        #expect(peer.frames().first?.code == .refusedStream)
        for id in [1, 3] as [UInt32] {
            peer.send(.data, flags: .endStream, stream: id, [])
            peer.recorder.streams[id]?.send(head: Self.answer, endStream: true)
        }
        _ = peer.frames()
        #expect(peer.recorder.ends[1] == [.complete])
        #expect(peer.recorder.ends[3] == [.complete])
        #expect(!peer.channel.isActive)
        #expect(peer.recorder.closed != nil)
    }

    // MARK: The client's role

    @Test("a client's stream: informational heads, the final one, data, trailers")
    func client() throws {
        let peer = RawPeer(.client)
        #expect(peer.connection.open(head: Self.request, endStream: false, delegate: peer.recorder))
        let stream = try #require(peer.recorder.streams[1])
        stream.send(data: ByteBuffer(bytes: [1]), endStream: true)
        #expect(peer.frames().map(\.type) == [.headers, .data])
        peer.sendHeaders([(":status", "103"), ("link", "x")], stream: 1)
        peer.sendHeaders([(":status", "200")], stream: 1)
        peer.send(.data, stream: 1, [1, 2])
        peer.sendHeaders([("grpc-status", "0")], stream: 1, flags: [.endHeaders, .endStream])
        #expect(peer.recorder.informational == [103])
        #expect(peer.recorder.heads[1]?.status == 200)
        #expect(peer.recorder.data[1] == [1, 2])
        #expect(peer.recorder.trailers[1]?["grpc-status"] == "0")
        #expect(peer.recorder.ends[1] == [.complete])
    }

    @Test("what the peer has certainly not begun is told apart from what it may have")
    func notBegun() {
        let peer = RawPeer(.client)
        for _ in 0..<4 { #expect(peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder)) }
        peer.send(.resetStream, stream: 1, RawPeer.number(HTTP2ErrorCode.refusedStream.rawValue))
        peer.send(.goAway, RawPeer.number(3) + RawPeer.number(0))
        #expect(peer.recorder.isDraining)
        #expect(!peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder))
        func isNotBegun(_ id: UInt32) -> Bool {
            if case .notBegun? = peer.recorder.ends[id]?.first { true } else { false }
        }
        #expect(isNotBegun(1))
        #expect(isNotBegun(5))
        #expect(isNotBegun(7))
        #expect(peer.recorder.ends[3] == nil)
        peer.channel.close(promise: nil)
        guard case .connectionLost? = peer.recorder.ends[3]?.first else {
            Issue.record("stream 3 may have been begun: \(String(describing: peer.recorder.ends[3]))")
            return
        }
    }

    @Test("the peer's limit of streams is kept, and room is told")
    func limit() {
        let peer = RawPeer(.client)
        peer.send(.settings, [0, 3, 0, 0, 0, 1])
        #expect(peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder))
        #expect(!peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder))
        #expect(peer.recorder.roomTold == 0)
        peer.sendHeaders([(":status", "200")], stream: 1, flags: [.endHeaders, .endStream])
        #expect(peer.recorder.roomTold == 1)
    }

    @Test("a slow socket stops what is collected")
    func backPressure() throws {
        let peer = RawPeer(.server)
        peer.send(.settings, [0, 4, 0x7F, 0, 0, 0])
        peer.send(.windowUpdate, stream: 0, RawPeer.number(0x7000_0000))
        peer.sendHeaders(stream: 1, flags: [.endHeaders, .endStream])
        _ = peer.frames()
        peer.channel.isWritable = false
        peer.channel.pipeline.fireChannelWritabilityChanged()
        let stream = try #require(peer.recorder.streams[1])
        stream.send(head: Self.answer)
        for _ in 0..<10 { stream.send(data: ByteBuffer(repeating: 1, count: 100_000)) }
        #expect(peer.frames().map(\.type) == [.headers])
        #expect(peer.recorder.sent[1] == nil)
        peer.channel.isWritable = true
        peer.channel.pipeline.fireChannelWritabilityChanged()
        let sent = peer.frames().filter { $0.type == .data }.map(\.payload.count).reduce(0, +)
        #expect(sent == 1_000_000)
        #expect(peer.recorder.sent[1] == 1_000_000)
    }

    @Test("users may end streams and connections from within what they are told")
    func reentrancy() {
        let resetting = RawPeer(.server)
        resetting.recorder.onAccept = { $0.reset(.cancel) }
        resetting.sendHeaders(stream: 1)
        #expect(resetting.recorder.ends[1]?.count == 1)
        #expect(resetting.frames().first?.code == .cancel)

        let closing = RawPeer(.server)
        closing.recorder.onData = { $0.connection.close(reason: "enough") }
        closing.sendHeaders(stream: 1)
        closing.send(RawPeer.frame(.data, stream: 1, [1]) + RawPeer.frame(.data, stream: 1, [2]))
        #expect(closing.recorder.data[1] == [1])
        #expect(closing.recorder.ends[1]?.count == 1)
        #expect(closing.recorder.closed == "enough")
    }
}
