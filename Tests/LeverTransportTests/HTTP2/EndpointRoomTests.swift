import LeverTesting
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LeverTransport

/// Room for streams at a peer: where one connection has none, others are made.
@Suite("Room at a peer", .timeLimit(.minutes(2)))
struct EndpointRoomTests {
    private typealias Server = EndpointTests.Server
    private typealias Way = EndpointTests.Way

    private func withServer(
        limit: Int, _ configuration: EndpointConfiguration, _ body: (Server, Way) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        var limited = HTTP2Configuration()
        limited.maximumConcurrentStreams = limit
        let server = try await Server(group, limited)
        let way = try await Way(group, .tcp(host: "127.0.0.1", port: server.port), configuration)
        do {
            try await body(server, way)
        } catch {
            try await server.channel.close()
            throw error
        }
        try await way.onLoop { $0.close(force: true) }
        try? await server.channel.close()
    }

    private func wait(_ condition: () async throws -> Bool) async -> Bool {
        (try? await eventually(condition)) ?? false
    }

    @Test("the peer's limit leads to more connections, up to the bound; the rest waits for room")
    func connections() async throws {
        var configuration = EndpointConfiguration()
        configuration.maximumConnections = 3
        try await withServer(limit: 2, configuration) { server, way in
            server.shared.answers.store(false, ordering: .relaxed)
            let outcomes = (0..<8).map { _ in way.open() }
            #expect(await wait { server.shared.accepted.load(ordering: .relaxed) == 6 })
            #expect(server.connections == 3)
            #expect(outcomes.filter(\.opened).count == 6)
            // Each answer makes room for one that waits.
            for index in 0..<2 {
                let open = server.shared.open.withLock { $0[index] }
                open.eventLoop.execute {
                    open.value.send(head: HTTP2EncodedHead([(":status", "200")]), endStream: true)
                }
                #expect(await wait { server.shared.accepted.load(ordering: .relaxed) == 7 + index })
            }
            #expect(outcomes.allSatisfy { $0.opened })
            #expect(server.connections == 3)
        }
    }

    @Test("a peer that takes no streams gets no more connections")
    func closedPeer() async throws {
        try await withServer(limit: 0, .defaults) { server, way in
            let outcomes = (0..<5).map { _ in way.open(deadline: .seconds(2)) }
            #expect(await wait { outcomes.allSatisfy { $0.notBegun != nil } })
            #expect(server.connections == 1)
        }
    }

    @Test("where another connection cannot be made, streams wait for room on the one that is there")
    func noMoreConnections() async throws {
        try await withServer(limit: 1, .defaults) { server, way in
            server.shared.answers.store(false, ordering: .relaxed)
            let first = way.open()
            #expect(await wait { server.shared.accepted.load(ordering: .relaxed) == 1 })
            try await server.channel.close()
            let second = way.open()
            let failed = await wait { try await way.onLoop { $0.failures > 0 } }
            #expect(failed)
            #expect(second.end == nil)
            server.shared.answers.store(true, ordering: .relaxed)
            let open = server.shared.open.withLock { $0[0] }
            open.eventLoop.execute { open.value.send(head: HTTP2EncodedHead([(":status", "200")]), endStream: true) }
            #expect(await wait { first.end == .complete && second.status == 200 })
            #expect(server.connections == 1)
        }
    }

    @Test("connections that are not needed any more are closed when they have been idle")
    func idle() async throws {
        var configuration = EndpointConfiguration()
        configuration.idleTimeout = .milliseconds(50)
        try await withServer(limit: 1, configuration) { server, way in
            server.shared.answers.store(false, ordering: .relaxed)
            let outcomes = (0..<3).map { _ in way.open() }
            #expect(await wait { server.shared.accepted.load(ordering: .relaxed) == 3 })
            #expect(outcomes.allSatisfy { $0.opened })
            let connections = try await way.onLoop { $0.links.count }
            #expect(connections == 3)
            for open in server.shared.open.withLock({ $0 }) {
                open.eventLoop.execute {
                    open.value.send(head: HTTP2EncodedHead([(":status", "200")]), endStream: true)
                }
            }
            let closed = await wait { try await way.onLoop { $0.links.isEmpty } }
            #expect(closed)
        }
    }

    @Test("when a connection's numbers are used up, calls go on over a new one")
    func numbers() async throws {
        var configuration = EndpointConfiguration()
        configuration.http2.firstStream = 0x7FFF_FFF9
        try await withServer(limit: 100_000, configuration) { server, way in
            // Four numbers for each connection.
            let outcomes = (0..<20).map { _ in way.open() }
            #expect(await wait { outcomes.allSatisfy { $0.status == 200 && $0.end == .complete } })
            #expect(server.connections == 5)
            let last = way.open()
            #expect(await wait { last.status == 200 })
        }
    }
}
