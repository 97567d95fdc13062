import LeverCore
import Logging
import NIOCore
import NIOPosix
import Synchronization

@testable import LeverTransport

/// Answers requests in the ways that exchanges have to bear.
final class ProbeHTTPHandler: HTTPHandler {
    let events = Mutex<[String: Int]>([:])

    func count(_ event: String) -> Int { events.withLock { $0[event] ?? 0 } }
    private func note(_ event: String) { events.withLock { $0[event, default: 0] += 1 } }

    func handle(_ exchange: any HTTPExchange) async {
        do {
            try await answer(exchange)
        } catch {
            note("\(error)")
            exchange.abort()
        }
    }

    private func answer(_ exchange: any HTTPExchange) async throws {
        let request = exchange.request
        note("began \(request.path)")
        switch request.path {
        case "/head":
            let text =
                "\(request.method) \(request.path) \(request.query ?? "-") \(request.authority ?? "-") \(request.isHTTP2)"
            try await exchange.respond(200, body: ByteBuffer(string: text))
        case "/echo":
            var body = ByteBuffer()
            do {
                while let chunk = try await exchange.nextChunk() { body.writeImmutableBuffer(chunk) }
            } catch HTTPExchangeError.malformedBody {
                try await exchange.respond(400, body: ByteBuffer(string: "malformed"))
                return
            }
            try await exchange.respond(200, [("x-length", String(body.readableBytes))], body: body)
        case "/stream":
            try await exchange.send(HTTPResponseHead(status: 200))
            while let chunk = try await exchange.nextChunk() { try await exchange.send(chunk) }
            try await exchange.finish()
        case "/flood":
            try await exchange.send(HTTPResponseHead(status: 200))
            for _ in 0..<1_000 {
                try await exchange.send(ByteBuffer(repeating: 0x61, count: 20_000))
                note("flooded")
            }
            try await exchange.finish()
        case "/early":
            // Does not look at the body.
            try await exchange.respond(413, body: ByteBuffer(string: "too large"))
        case "/half":
            try await exchange.send(HTTPResponseHead(status: 200))
            try await exchange.send(ByteBuffer(string: "half"))
            exchange.abort()
        case "/nothing": return
        case "/hang":
            note("hang began")
            try? await Task.sleep(for: .seconds(3600))
            note(Task.isCancelled ? "hang cancelled" : "hang over")
            try await exchange.respond(200)
        default: try await exchange.respond(404)
        }
    }

    /// Runs `body` with a listener whose requests come here.
    static func withListener(
        on address: TransportAddress = .tcp(host: "127.0.0.1", port: 0),
        configuration: ListenerConfiguration = .defaults,
        _ body: (Listener, ProbeHTTPHandler) async throws -> Void
    ) async throws {
        let handler = ProbeHTTPHandler()
        let listener = try await Listener.start(
            on: address, group: MultiThreadedEventLoopGroup.singleton, acceptor: Acceptor(handler: handler),
            configuration: configuration, logger: Logger(label: "test"))
        do {
            try await body(listener, handler)
        } catch {
            await listener.drain(within: .zero)
            throw error
        }
        await listener.drain(within: .zero)
    }

    private struct Acceptor: ListenerAcceptor {
        let handler: ProbeHTTPHandler

        func http2Delegate(for peer: Peer, on eventLoop: any EventLoop) -> any HTTP2ConnectionDelegate {
            Owner(handler, peer)
        }

        func http1Handler(for peer: Peer) -> (any HTTPHandler)? { handler }
    }

    private final class Owner: HTTP2ConnectionDelegate {
        let handler: ProbeHTTPHandler
        let peer: Peer

        init(_ handler: ProbeHTTPHandler, _ peer: Peer) {
            self.handler = handler
            self.peer = peer
        }

        func connection(
            _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
        ) -> (any HTTP2StreamDelegate)? {
            HTTP2Exchange.serve(stream, head: head, endStream: endStream, handler: handler, peer: peer)
        }
    }
}
