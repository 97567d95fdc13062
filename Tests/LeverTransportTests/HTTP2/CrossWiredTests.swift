import LeverCore
import LeverTransport
import NIOCore
import NIOEmbedded
import Testing

/// A client's and a server's connection, joined by a wire that cuts what it carries anywhere, do random things; whatever
/// they do, bytes arrive whole and in order, no window is passed, and each stream ends once on both sides.
@Suite("Two connections and a wire")
struct CrossWiredTests {
    @Test("random traffic", arguments: Array(UInt64(1)...200))
    func randomTraffic(seed: UInt64) throws {
        var random = FastRandom(seed: seed)
        let world = World(random: &random)
        world.run(&random)
        world.check()
    }

    /// One side's user of one stream.
    final class User: HTTP2StreamDelegate {
        let world: World
        let isServer: Bool
        let number: Int
        let size: Int
        /// Bytes to send before it resets the stream; `nil` for one that behaves.
        let resetsAfter: Int?
        let endsWithTrailers: Bool
        let holdsCredit: Bool
        var stream: HTTP2Stream?
        var handed = 0
        var reported = 0
        var received = 0
        var owed = 0
        var ends: [HTTP2StreamEnd] = []
        var peerEnded = false
        var isWrong = false

        init(_ world: World, isServer: Bool, number: Int, _ random: inout FastRandom) {
            self.world = world
            self.isServer = isServer
            self.number = number
            let sizes = [0, 1, 100, 5_000, 16_384, 70_000, 300_000]
            size = Int.random(in: 0...sizes.randomElement(using: &random)!, using: &random)
            resetsAfter = Int.random(in: 0..<8, using: &random) == 0 ? Int.random(in: 0...size, using: &random) : nil
            endsWithTrailers = isServer && Bool.random(using: &random)
            holdsCredit = Int.random(in: 0..<3, using: &random) == 0
        }

        /// What every stream sends, each from another place on; long enough for the longest.
        private static let pattern = ByteBuffer(
            bytes: (0..<310_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) })

        private func bytes(_ offset: Int, _ count: Int, server: Bool) -> ByteBuffer {
            Self.pattern.getSlice(at: offset + number * 13 + (server ? 101 : 0), length: count)!
        }

        /// Hands the next piece to the stream.
        func act(_ random: inout FastRandom) {
            guard let stream, ends.isEmpty else { return }
            if owed > 0, !holdsCredit || Int.random(in: 0..<4, using: &random) == 0 {
                let part = Int.random(in: 1...owed, using: &random)
                owed -= part
                stream.giveCredit(part)
            }
            guard stream.isOpenForSending else { return }
            if let resetsAfter, handed >= resetsAfter {
                stream.reset(.cancel)
                return
            }
            let piece = min(size - handed, Int.random(in: 0...40_000, using: &random))
            let data = bytes(handed, piece, server: isServer)
            handed += piece
            let isLast = handed == size
            if isLast, endsWithTrailers {
                stream.send(data: data)
                stream.send(trailers: HTTP2EncodedHead([("grpc-status", "0"), ("number", "\(number)")]))
            } else {
                stream.send(data: data, endStream: isLast)
            }
        }

        func streamOpened(_ stream: HTTP2Stream) { self.stream = stream }

        func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {
            if head["number"] != "\(number)" { isWrong = true }
            if endStream { peerEnded = true }
        }

        func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
            if data != bytes(received, data.readableBytes, server: !isServer) { isWrong = true }
            received += data.readableBytes
            owed += flowControlledLength
            if owed > world.configuration.streamWindow || peerEnded || !ends.isEmpty { isWrong = true }
            if endStream { peerEnded = true }
        }

        func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {
            if trailers["number"] != "\(number)" || peerEnded { isWrong = true }
            peerEnded = true
        }

        func stream(_ stream: HTTP2Stream, sent count: Int) { reported += count }

        func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) { ends.append(end) }
    }

    final class World: HTTP2ConnectionDelegate {
        let configuration: HTTP2Configuration
        let loop = EmbeddedEventLoop()
        var clients: [User] = []
        var servers: [Int: User] = [:]
        var closed: [String] = []
        private var client: HTTP2Connection!
        private var server: HTTP2Connection!
        private let clientChannel: EmbeddedChannel
        private let serverChannel: EmbeddedChannel
        private var random: FastRandom

        init(random: inout FastRandom) {
            var configuration = HTTP2Configuration()
            configuration.streamWindow = [65_535, 100_000, 256 * 1_024].randomElement(using: &random)!
            configuration.connectionWindow = [65_535, 200_000, 4_000_000].randomElement(using: &random)!
            configuration.maximumConcurrentStreams = [3, 10, 100].randomElement(using: &random)!
            configuration.maximumFrameSize = [16_384, 20_000, 100_000].randomElement(using: &random)!
            configuration.headerTableSize = [0, 100, 4_096].randomElement(using: &random)!
            self.configuration = configuration
            self.random = random
            clientChannel = EmbeddedChannel(loop: loop)
            serverChannel = EmbeddedChannel(loop: loop)
            client = HTTP2Connection(role: .client, configuration: configuration, delegate: self)
            server = HTTP2Connection(role: .server, configuration: configuration, delegate: self)
            try! clientChannel.pipeline.syncOperations.addHandler(client)
            try! serverChannel.pipeline.syncOperations.addHandler(server)
            clientChannel.connect(to: try! SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
            serverChannel.connect(to: try! SocketAddress(ipAddress: "127.0.0.1", port: 2), promise: nil)
        }

        func connection(
            _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
        ) -> (any HTTP2StreamDelegate)? {
            let number = Int(head["number"]!)!
            let user = User(self, isServer: true, number: number, &random)
            user.stream = stream
            user.peerEnded = endStream
            servers[number] = user
            stream.send(head: HTTP2EncodedHead([(":status", "200"), ("number", "\(number)")]))
            return user
        }

        func connectionClosed(_ connection: HTTP2Connection, reason: String) { closed.append(reason) }

        private func carry(_ from: EmbeddedChannel, _ to: EmbeddedChannel, _ random: inout FastRandom) -> Bool {
            var moved = false
            while var bytes = try! from.readOutbound(as: ByteBuffer.self) {
                moved = true
                while bytes.readableBytes > 0 {
                    let size =
                        Bool.random(using: &random)
                        ? bytes.readableBytes : Int.random(in: 1...bytes.readableBytes, using: &random)
                    try! to.writeInbound(bytes.readSlice(length: size)!)
                }
            }
            return moved
        }

        func run(_ random: inout FastRandom) {
            let wanted = Int.random(in: 1...60, using: &random)
            for _ in 0..<40_000 {
                if clients.count < wanted, Int.random(in: 0..<3, using: &random) == 0 {
                    let user = User(self, isServer: false, number: clients.count, &random)
                    let head = HTTP2EncodedHead([
                        (":method", "POST"), (":scheme", "http"), (":path", "/\(clients.count % 5)"),
                        (":authority", "dev.lever"), ("number", "\(clients.count)"),
                    ])
                    if client.open(head: head, endStream: false, delegate: user) { clients.append(user) }
                }
                for user in clients + servers.values where Bool.random(using: &random) { user.act(&random) }
                loop.run()
                let there = carry(clientChannel, serverChannel, &random)
                let back = carry(serverChannel, clientChannel, &random)
                loop.run()
                let isOver = clients.count == wanted && clients.allSatisfy { !$0.ends.isEmpty }
                if isOver, !there, !back, servers.values.allSatisfy({ !$0.ends.isEmpty }) { break }
            }
        }

        func check() {
            #expect(closed.isEmpty)
            #expect(client.openStreams == 0)
            #expect(clients.contains { $0.ends == [.complete] } || clients.count < 10, "nothing was carried")
            #expect(server.openStreams == 0)
            for user in clients {
                let peer = servers[user.number]
                #expect(user.ends.count == 1, "stream \(user.number) ended \(user.ends)")
                #expect(!user.isWrong)
                guard let peer else {
                    // Reset before the server saw it, or refused for too many streams.
                    #expect(user.ends.first != .complete)
                    continue
                }
                #expect(peer.ends.count == 1, "stream \(user.number) of the server ended \(peer.ends)")
                #expect(!peer.isWrong)
                if user.resetsAfter == nil, peer.resetsAfter == nil {
                    #expect(user.ends == [.complete])
                    #expect(peer.ends == [.complete])
                }
                if user.ends == [.complete], peer.ends == [.complete] {
                    #expect(user.received == peer.size)
                    #expect(peer.received == user.size)
                    #expect(user.reported == user.size)
                    #expect(peer.reported == peer.size)
                }
            }
        }
    }
}
