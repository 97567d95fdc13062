import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LeverTransport

@Suite("The way to a peer")
struct EndpointTests {
    /// A server on a real socket that counts connections and answers requests, or leaves them open.
    final class Server: Sendable {
        final class Shared: Sendable {
            let connections = Mutex<[NIOLoopBound<HTTP2Connection>]>([])
            let accepted = Atomic<Int>(0)
            let answers = Atomic(true)
            let open = Mutex<[NIOLoopBound<HTTP2Stream>]>([])
        }

        let shared = Shared()
        let channel: any Channel

        init(
            _ group: any EventLoopGroup, _ configuration: HTTP2Configuration = .defaults, unix: String? = nil
        ) async throws {
            let shared = shared
            let bootstrap = ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let connection = HTTP2Connection(
                            role: .server, configuration: configuration, delegate: Acceptor(shared))
                        try channel.pipeline.syncOperations.addHandler(connection)
                        shared.connections.withLock {
                            $0.append(NIOLoopBound(connection, eventLoop: channel.eventLoop))
                        }
                    }
                }
            if let unix {
                channel = try await bootstrap.bind(unixDomainSocketPath: unix, cleanupExistingSocketFile: true).get()
            } else {
                channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            }
        }

        var port: Int { channel.localAddress!.port! }
        var connections: Int { shared.connections.withLock { $0.count } }

        final class Acceptor: HTTP2ConnectionDelegate, HTTP2StreamDelegate {
            let shared: Shared

            init(_ shared: Shared) { self.shared = shared }

            func connection(
                _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
            ) -> (any HTTP2StreamDelegate)? {
                shared.accepted.add(1, ordering: .relaxed)
                if shared.answers.load(ordering: .relaxed) {
                    stream.send(head: HTTP2EncodedHead([(":status", "200")]), endStream: true)
                } else {
                    shared.open.withLock { $0.append(NIOLoopBound(stream, eventLoop: connection.eventLoop)) }
                }
                return self
            }

            func streamOpened(_ stream: HTTP2Stream) {}
            func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}
            func stream(
                _ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool
            ) {}
            func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {}
            func stream(_ stream: HTTP2Stream, sent count: Int) {}
            func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {}
        }
    }

    /// What became of one stream.
    final class Outcome: HTTP2StreamDelegate, Sendable {
        private struct State {
            var opened = false
            var status: Int?
            var end: HTTP2StreamEnd?
        }

        private let state = Mutex(State())

        var opened: Bool { state.withLock { $0.opened } }
        var status: Int? { state.withLock { $0.status } }
        var end: HTTP2StreamEnd? { state.withLock { $0.end } }
        var notBegun: String? { if case .notBegun(let why)? = end { why } else { nil } }

        func streamOpened(_ stream: HTTP2Stream) { state.withLock { $0.opened = true } }

        func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {
            state.withLock { $0.status = head.status }
        }

        func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {}
        func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {}
        func stream(_ stream: HTTP2Stream, sent count: Int) {}
        func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) { state.withLock { $0.end = end } }
    }

    /// An endpoint, used on its loop.
    struct Way: Sendable {
        let loop: any EventLoop
        let endpoint: NIOLoopBound<HTTP2Endpoint>

        init(
            _ group: any EventLoopGroup, _ address: TransportAddress, _ configuration: EndpointConfiguration = .defaults
        ) async throws {
            let loop = group.next()
            self.loop = loop
            endpoint = try await loop.submit {
                NIOLoopBound(
                    HTTP2Endpoint(
                        address: address, eventLoop: loop, configuration: configuration, logger: Logger(label: "test")),
                    eventLoop: loop)
            }.get()
        }

        func open(deadline: TimeAmount? = nil) -> Outcome {
            let outcome = Outcome()
            let head = HTTP2EncodedHead([(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")])
            loop.execute {
                endpoint.value.open(
                    head: head, endStream: true, deadline: deadline.map { .now() + $0 }, delegate: outcome)
            }
            return outcome
        }

        func onLoop<Value: Sendable>(_ body: @escaping @Sendable (HTTP2Endpoint) -> Value) async throws -> Value {
            try await loop.submit { body(endpoint.value) }.get()
        }
    }

    /// Greets, and then says nothing.
    final class Mute: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: RawPeer.frame(.settings, []))), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
    }

    private func withGroup(_ body: (MultiThreadedEventLoopGroup) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        do {
            try await body(group)
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func wait(_ condition: @Sendable () -> Bool) async -> Bool {
        for _ in 0..<2_000 where !condition() { try? await Task.sleep(for: .milliseconds(5)) }
        return condition()
    }

    @Test("makes one connection for many streams, again after it was lost")
    func reconnect() async throws {
        try await withGroup { group in
            let server = try await Server(group)
            let way = try await Way(group, .tcp(host: "127.0.0.1", port: server.port))
            for round in 1...3 {
                let outcomes = (0..<20).map { _ in way.open() }
                for outcome in outcomes { #expect(await wait { outcome.end == .complete && outcome.status == 200 }) }
                #expect(server.connections == round)
                let connection = server.shared.connections.withLock { $0.last! }
                connection._eventLoop.execute { connection.value.close(reason: "the test ends it") }
                #expect(try await waitForIdle(way))
            }
            try await way.onLoop { $0.close(force: true) }
        }
    }

    private func waitForIdle(_ way: Way) async throws -> Bool {
        for _ in 0..<2_000 {
            if try await way.onLoop({ !$0.isConnected }) { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    @Test("works over unix sockets, and probes")
    func unix() async throws {
        try await withGroup { group in
            let path = "/tmp/lever-endpoint-\(UInt32.random(in: 0 ... .max)).sock"
            let server = try await Server(group, unix: path)
            let way = try await Way(group, .unix(path: path))
            let promise = way.loop.makePromise(of: Void.self)
            try await way.onLoop { endpoint in endpoint.probe { promise.completeWith($0.mapError { $0 as any Error }) }
            }
            try await promise.futureResult.get()
            let outcome = way.open()
            #expect(await wait { outcome.status == 200 })
            #expect(server.connections == 1)
            try await way.onLoop { $0.close(force: true) }
            try await server.channel.close()
        }
    }

    @Test("where nobody listens streams are not begun, and the next ones are refused at once for a while")
    func refused() async throws {
        try await withGroup { group in
            var configuration = EndpointConfiguration()
            configuration.initialBackoff = .seconds(30)
            configuration.maximumBackoff = .seconds(30)
            let server = try await Server(group)
            let port = server.port
            try await server.channel.close()
            let way = try await Way(group, .tcp(host: "127.0.0.1", port: port), configuration)
            for _ in 0..<3 {
                let outcome = way.open()
                #expect(await wait { outcome.end != nil })
                #expect(outcome.notBegun?.contains("127.0.0.1:\(port)") == true)
                #expect(!outcome.opened)
            }
            // A probe does not wait for the end of the back-off.
            let promise = way.loop.makePromise(of: Void.self)
            try await way.onLoop { endpoint in endpoint.probe { promise.completeWith($0.mapError { $0 as any Error }) }
            }
            await #expect(throws: HTTP2Endpoint.ConnectError.self) { try await promise.futureResult.get() }
        }
    }

    @Test("streams wait for the peer's limit, until their deadline, and may be taken back")
    func limit() async throws {
        try await withGroup { group in
            var limited = HTTP2Configuration()
            limited.maximumConcurrentStreams = 1
            let server = try await Server(group, limited)
            server.shared.answers.store(false, ordering: .relaxed)
            var configuration = EndpointConfiguration()
            configuration.maximumQueue = 3
            configuration.maximumConnections = 1
            let way = try await Way(group, .tcp(host: "127.0.0.1", port: server.port), configuration)
            let first = way.open()
            #expect(await wait { server.shared.accepted.load(ordering: .relaxed) == 1 })
            let late = way.open(deadline: .milliseconds(50))
            let next = way.open()
            let taken = way.open()
            let tooMany = way.open()
            #expect(await wait { tooMany.notBegun != nil })
            #expect(await wait { late.notBegun?.contains("deadline") == true })
            #expect(try await way.onLoop { $0.abandon(taken) })
            #expect(try await way.onLoop { !$0.abandon(first) })
            server.shared.answers.store(true, ordering: .relaxed)
            let open = server.shared.open.withLock { $0[0] }
            open._eventLoop.execute { open.value.send(head: HTTP2EncodedHead([(":status", "200")]), endStream: true) }
            #expect(await wait { first.end == .complete && next.status == 200 })
            #expect(taken.end == nil)
            #expect(server.connections == 1)
            try await way.onLoop { $0.close(force: true) }
        }
    }

    @Test("a peer that shuts down keeps the streams it has; new ones get a new connection")
    func goAway() async throws {
        try await withGroup { group in
            let server = try await Server(group)
            server.shared.answers.store(false, ordering: .relaxed)
            let way = try await Way(group, .tcp(host: "127.0.0.1", port: server.port))
            let old = way.open()
            #expect(await wait { server.shared.accepted.load(ordering: .relaxed) == 1 })
            let connection = server.shared.connections.withLock { $0[0] }
            connection._eventLoop.execute { connection.value.drain() }
            #expect(try await waitForIdle(way))
            server.shared.answers.store(true, ordering: .relaxed)
            let new = way.open()
            #expect(await wait { new.status == 200 })
            #expect(server.connections == 2)
            #expect(old.end == nil)
            let open = server.shared.open.withLock { $0[0] }
            open._eventLoop.execute { open.value.send(head: HTTP2EncodedHead([(":status", "200")]), endStream: true) }
            #expect(await wait { old.end == .complete })
            try await way.onLoop { $0.close(force: true) }
        }
    }

    @Test("an idle connection is closed; one that does not answer PINGs is lost")
    func timers() async throws {
        try await withGroup { group in
            let server = try await Server(group)
            var configuration = EndpointConfiguration()
            configuration.idleTimeout = .milliseconds(50)
            let idle = try await Way(group, .tcp(host: "127.0.0.1", port: server.port), configuration)
            let outcome = idle.open()
            #expect(await wait { outcome.status == 200 })
            #expect(try await waitForIdle(idle))

            // A peer that accepts, greets, and then says nothing.
            let mute = try await ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Mute()) }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            configuration.keepAliveInterval = .milliseconds(50)
            configuration.keepAliveTimeout = .milliseconds(100)
            let way = try await Way(group, .tcp(host: "127.0.0.1", port: mute.localAddress!.port!), configuration)
            let lost = way.open()
            #expect(await wait { lost.end != nil })
            guard case .connectionLost(let reason)? = lost.end else {
                Issue.record("the stream ended as \(String(describing: lost.end))")
                return
            }
            #expect(reason.contains("PING"))
            try await way.onLoop { $0.close(force: true) }
            try await mute.close()
        }
    }
}
