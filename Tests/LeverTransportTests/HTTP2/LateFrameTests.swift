import NIOCore
import NIOEmbedded
import Testing

@testable import LeverTransport

@Suite("Frames of streams that have ended")
struct LateFrameTests {
    private static let request = HTTP2EncodedHead(RawPeer.request.map { (name: $0.0, value: $0.1) })

    /// A client that has cancelled more calls than it remembers, and counts few frames as abuse.
    private func cancelled(_ count: Int) throws -> RawPeer {
        var configuration = HTTP2Configuration()
        configuration.maximumIdleFrames = 10
        configuration.connectionWindow = 100_000
        let peer = RawPeer(.client, configuration)
        for _ in 0..<count {
            #expect(peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder))
        }
        for index in 0..<count {
            let stream = try #require(peer.recorder.streams[UInt32(index * 2 + 1)])
            stream.reset(.cancel)
        }
        _ = peer.frames()
        return peer
    }

    @Test("data that crossed cancellations is no abuse, however many were cancelled, and its credit goes back")
    func lateData() throws {
        let count = 3_000
        let peer = try cancelled(count)
        var credit = 0
        for index in 0..<count {
            peer.send(.data, stream: UInt32(index * 2 + 1), [UInt8](repeating: 1, count: 1_000))
            for frame in peer.frames() {
                #expect(frame.type == .windowUpdate && frame.stream == 0, "\(frame)")
                credit += frame.payload.reduce(0) { $0 << 8 | Int($1) }
            }
        }
        #expect(peer.recorder.closed == nil)
        #expect(credit > count * 1_000 - 50_000 - 1_000)
        #expect(peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder))
    }

    @Test("heads and trailers that crossed cancellations are no abuse either, and keep the header table in step")
    func lateHeaders() throws {
        let count = 3_000
        let peer = try cancelled(count)
        for index in 0..<count {
            let id = UInt32(index * 2 + 1)
            peer.sendHeaders([(":status", "200"), ("x-number", "\(index)")], stream: id)
            peer.sendHeaders([("grpc-status", "0")], stream: id, flags: [.endHeaders, .endStream])
        }
        #expect(peer.frames().isEmpty)
        #expect(peer.recorder.closed == nil)
        let next = UInt32(count * 2 + 1)
        #expect(peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder))
        peer.sendHeaders([(":status", "200"), ("x-number", "\(count - 1)")], stream: next)
        #expect(peer.recorder.heads[next]?["x-number"] == "\(count - 1)")
    }

    @Test("a client that goes on sending on streams which ended long ago is given up")
    func abuse() {
        var configuration = HTTP2Configuration()
        configuration.maximumIdleFrames = 10
        let peer = RawPeer(.server, configuration)
        for index in 0..<40 {
            let id = UInt32(index * 2 + 1)
            peer.sendHeaders(stream: id, flags: [.endHeaders, .endStream])
            peer.recorder.streams[id]?.send(head: HTTP2EncodedHead([(":status", "200")]), endStream: true)
            peer.send(.data, stream: id, [1])
        }
        #expect(peer.frames().last { $0.type == .goAway }?.code == .enhanceYourCalm)
    }

    @Test("a stream has sent all once its end has left its queue, not when its user has ended it")
    func hasSentAll() throws {
        let peer = RawPeer(.server)
        peer.send(.settings, [0, 4, 0, 0, 0, 10])
        for id in [1, 3] as [UInt32] {
            peer.sendHeaders(stream: id)
            let stream = try #require(peer.recorder.streams[id])
            #expect(!stream.hasSentAll)
            stream.send(head: HTTP2EncodedHead([(":status", "200")]))
            stream.send(data: ByteBuffer(repeating: 1, count: 20), endStream: id == 1)
            if id == 3 { stream.send(trailers: HTTP2EncodedHead([("grpc-status", "0")])) }
            #expect(!stream.isOpenForSending)
            #expect(!stream.hasSentAll)
            peer.send(.windowUpdate, stream: id, RawPeer.number(9))
            #expect(!stream.hasSentAll)
            peer.send(.windowUpdate, stream: id, RawPeer.number(1))
            #expect(stream.hasSentAll)
            #expect(peer.recorder.ends[id] == nil, "the peer's half is open")
            peer.send(.data, flags: .endStream, stream: id, [])
            #expect(peer.recorder.ends[id] == [.complete])
            #expect(stream.hasSentAll)
        }
    }

    @Test("after its last number a connection drains")
    func lastNumber() throws {
        var configuration = HTTP2Configuration()
        configuration.firstStream = 0x7FFF_FFFD
        let peer = RawPeer(.client, configuration)
        #expect(peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder))
        #expect(!peer.recorder.isDraining)
        #expect(peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder))
        #expect(peer.recorder.isDraining)
        #expect(!peer.connection.hasRoom)
        #expect(!peer.connection.open(head: Self.request, endStream: true, delegate: peer.recorder))
        #expect(peer.frames().filter { $0.type == .headers }.map(\.stream) == [0x7FFF_FFFD, 0x7FFF_FFFF])
        for id in [0x7FFF_FFFD, 0x7FFF_FFFF] as [UInt32] {
            #expect(peer.recorder.closed == nil)
            peer.sendHeaders([(":status", "200")], stream: id, flags: [.endHeaders, .endStream])
            #expect(peer.recorder.ends[id] == [.complete])
        }
        _ = peer.frames()
        #expect(peer.recorder.closed != nil)
    }
}
