import NIOCore
import NIOEmbedded
import Testing

@testable import LeverTransport

@Suite("The host's budget of bytes")
struct BufferBudgetTests {
    private static let head = HTTP2EncodedHead([(":status", "200")])
    private static let request = HTTP2EncodedHead(RawPeer.request.map { (name: $0.0, value: $0.1) })

    private func peer(_ role: HTTP2Connection.Role, _ budget: BufferBudget) -> RawPeer {
        var configuration = HTTP2Configuration()
        configuration.budget = budget
        return RawPeer(role, configuration)
    }

    @Test("readers that do not read: what is queued for them is bounded, others go on, and in the end nothing is held")
    func slowReaders() throws {
        let budget = BufferBudget(limit: 1_000_000)
        let peer = peer(.server, budget)
        peer.send(.windowUpdate, stream: 0, RawPeer.number(0x7000_0000))
        let ids = (0..<50).map { UInt32($0 * 2 + 1) }
        let reader: UInt32 = 101
        for id in ids + [reader] { peer.sendHeaders(stream: id, flags: [.endHeaders, .endStream]) }
        peer.send(.windowUpdate, stream: reader, RawPeer.number(0x7000_0000))
        let all = ids + [reader]
        for id in all { peer.recorder.streams[id]?.send(head: Self.head) }
        var highest = 0
        for _ in 0..<20 {
            for id in all { peer.recorder.streams[id]?.send(data: ByteBuffer(repeating: 1, count: 30_000)) }
            _ = peer.frames()
            highest = max(highest, budget.usedBytes)
        }
        #expect(highest > 900_000)
        #expect(highest < 1_300_000)
        let ended = ids.filter { peer.recorder.ends[$0] == [.resetLocally(.enhanceYourCalm, BufferBudget.resetText)] }
        #expect(ended.count >= 40 && ended.count < ids.count, "\(ended.count)")
        #expect(ended.count == peer.recorder.ends.count, "\(peer.recorder.ends)")
        #expect(peer.recorder.sent[reader] == 600_000)
        #expect(peer.recorder.closed == nil)
        for id in ids where peer.recorder.ends[id] == nil { peer.send(.resetStream, stream: id, [0, 0, 0, 8]) }
        peer.recorder.streams[reader]?.send(data: ByteBuffer(), endStream: true)
        _ = peer.frames()
        #expect(peer.recorder.ends[reader] == [.complete])
        #expect(budget.usedBytes == 0)
    }

    @Test("data that its user does not take counts until its credit is given back, and what is kept until it is let go")
    func receiving() throws {
        let budget = BufferBudget(limit: 1_000_000)
        let peer = peer(.server, budget)
        peer.recorder.givesCredit = false
        peer.sendHeaders(stream: 1)
        peer.send(.data, stream: 1, [UInt8](repeating: 1, count: 10_000))
        #expect(budget.usedBytes == 10_000)
        let stream = try #require(peer.recorder.streams[1])
        stream.giveCredit(4_000)
        _ = peer.frames()
        #expect(budget.usedBytes == 6_000)
        peer.send(.data, flags: .endStream, stream: 1, [UInt8](repeating: 1, count: 1_000))
        #expect(budget.usedBytes == 7_000)
        stream.keep(500)
        stream.giveCredit(7_000)
        _ = peer.frames()
        #expect(budget.usedBytes == 500, "credit is counted behind the end of the peer's half, too")
        stream.giveCredit(7_000)
        stream.keep(-200)
        _ = peer.frames()
        #expect(budget.usedBytes == 300)
        stream.send(head: Self.head, endStream: true)
        _ = peer.frames()
        #expect(peer.recorder.ends[1] == [.complete])
        #expect(budget.usedBytes == 0)
        stream.keep(100)
        _ = peer.frames()
        #expect(budget.usedBytes == 0, "a stale handle holds nothing")
    }

    @Test("a stream whose data nobody takes ends when it would pass the budget; one whose data is taken goes on")
    func greedySender() throws {
        let budget = BufferBudget(limit: 100_000)
        let peer = peer(.server, budget)
        peer.recorder.givesCredit = false
        for id in [1, 3] as [UInt32] { peer.sendHeaders(stream: id) }
        for _ in 0..<8 {
            peer.send(.data, stream: 1, [UInt8](repeating: 1, count: 16_000))
            peer.send(.data, stream: 3, [UInt8](repeating: 1, count: 10_000))
            peer.recorder.streams[3]?.giveCredit(10_000)
        }
        #expect(peer.recorder.ends[1] == [.resetLocally(.enhanceYourCalm, BufferBudget.resetText)])
        #expect(peer.recorder.ends[3] == nil)
        #expect(peer.recorder.data[3]?.count == 80_000)
        _ = peer.frames()
        #expect(budget.usedBytes == 0)
    }

    @Test(
        "over the budget new calls are refused at once: gRPC with its status, others with 429; later they are taken again"
    )
    func refusal() throws {
        let budget = BufferBudget(limit: 1_000)
        let peer = peer(.server, budget)
        budget.add(2_000)
        peer.sendHeaders(
            RawPeer.request + [("content-type", "application/grpc+proto")], stream: 1,
            flags: [.endHeaders, .endStream])
        peer.sendHeaders(RawPeer.request + [("content-type", "application/grpc")], stream: 3)
        peer.sendHeaders(RawPeer.request, stream: 5, flags: [.endHeaders, .endStream])
        peer.sendHeaders(
            [(":method", "HEAD"), (":scheme", "http"), (":path", "/"), (":authority", "a")], stream: 7,
            flags: [.endHeaders, .endStream])
        #expect(peer.recorder.accepted == 0)
        let frames = peer.frames()
        #expect(frames.filter { $0.stream == 1 }.map(\.type) == [.headers])
        #expect(frames.filter { $0.stream == 3 }.map(\.type) == [.headers, .resetStream])
        #expect(frames.last { $0.stream == 3 }?.code == .noError)
        #expect(frames.filter { $0.stream == 5 }.map(\.type) == [.headers, .data])
        #expect(frames.filter { $0.stream == 7 }.map(\.type) == [.headers])
        #expect(peer.connection.openStreams == 0)
        var decoder = HeaderBlockDecoder(tableSize: 4_096, maximumListSize: 10_000)
        func head(_ id: UInt32, _ kind: HeaderBlockKind = .response) throws -> HTTP2Head {
            let frame = try #require(frames.first { $0.stream == id })
            return try decoder.decode(ByteBuffer(bytes: frame.payload), as: kind, of: id)
        }
        for id in [1, 3] as [UInt32] {
            let grpc = try head(id)
            #expect(grpc["grpc-status"] == "8")
            #expect(grpc["lever-error-reason"] == "limit-reached")
        }
        #expect(try head(5).status == 429)
        #expect(try head(7).status == 429)
        budget.add(-2_000)
        peer.sendHeaders(stream: 9)
        #expect(peer.recorder.accepted == 1)
    }

    @Test("where calls in progress depend on new ones, these are taken")
    func internalCalls() {
        var configuration = HTTP2Configuration()
        configuration.budget = BufferBudget(limit: 1_000)
        configuration.refusesOverBudget = false
        configuration.budget?.add(2_000)
        let peer = RawPeer(.server, configuration)
        peer.sendHeaders(stream: 1)
        #expect(peer.recorder.accepted == 1)
    }

    @Test("a lost connection holds nothing any more", arguments: [HTTP2Connection.Role.client, .server])
    func lost(role: HTTP2Connection.Role) throws {
        let budget = BufferBudget(limit: 1_000_000)
        let peer = peer(role, budget)
        if role == .server {
            peer.sendHeaders(stream: 1)
            peer.recorder.streams[1]?.send(head: Self.head)
        } else {
            #expect(peer.connection.open(head: Self.request, endStream: false, delegate: peer.recorder))
        }
        peer.recorder.streams[1]?.send(data: ByteBuffer(repeating: 1, count: 100_000))
        peer.recorder.givesCredit = false
        if role == .client { peer.sendHeaders([(":status", "200")], stream: 1) }
        peer.send(.data, stream: 1, [UInt8](repeating: 1, count: 1_000))
        _ = peer.frames()
        #expect(budget.usedBytes == 100_000 - 65_535 + 1_000)
        peer.channel.close(promise: nil)
        peer.channel.embeddedEventLoop.run()
        #expect(peer.recorder.ends[1]?.count == 1)
        #expect(budget.usedBytes == 0)
    }

    @Test("a call whose own data passes the budget tells its user so")
    func client() throws {
        let budget = BufferBudget(limit: 50_000)
        let peer = peer(.client, budget)
        #expect(peer.connection.open(head: Self.request, endStream: false, delegate: peer.recorder))
        let stream = try #require(peer.recorder.streams[1])
        stream.send(data: ByteBuffer(repeating: 1, count: 200_000))
        #expect(peer.recorder.ends[1] == nil, "not in the middle of what the user does")
        stream.send(data: ByteBuffer(repeating: 1, count: 10), endStream: true)
        let frames = peer.frames()
        #expect(peer.recorder.ends[1] == [.resetLocally(.enhanceYourCalm, BufferBudget.resetText)])
        #expect(frames.last?.code == .enhanceYourCalm)
        #expect(budget.usedBytes == 0)
    }
}
