internal import LeverTransport
internal import LeverCore
internal import Logging
internal import NIOCore
internal import Synchronization

/// The connections to one host, some, which calls take in turn. They are made by the endpoints when a call needs one.
final class HostWays: Sendable {
    /// What all hosts' connections have in common.
    struct Settings: Sendable {
        var waysPerHost: Int
        var endpoint: EndpointConfiguration
        var calls: GRPCConfiguration
        var group: any EventLoopGroup
        var logger: Logger
    }

    /// One event loop's way to the host.
    private struct Way: Sendable {
        let endpoint: NIOLoopBound<HTTP2Endpoint>
        let eventLoop: any EventLoop
        let transport: HTTP2RPCTransport
    }

    private enum State: Sendable {
        case unused
        case open([Way], next: Int)
        case closed
    }

    let address: TransportAddress
    private let settings: Settings
    private let state = Mutex(State.unused)

    init(_ address: TransportAddress, _ settings: Settings) {
        self.address = address
        self.settings = settings
    }

    /// What carries a call to the host.
    ///
    /// - Throws: `RuntimeError` once the client has been shut down.
    func transport() async throws -> HTTP2RPCTransport {
        if let known = try known() { return known }
        return try await makeWays().transport
    }

    /// The same where the ways are there already; else `nil`.
    func known() throws -> HTTP2RPCTransport? {
        try takeTurn()?.transport
    }

    /// Tries to connect, and says whether it worked.
    func probe() async -> Bool {
        guard let way = try? takeTurn() else { return false }
        let answer = way.eventLoop.makePromise(of: Bool.self)
        way.eventLoop.execute {
            way.endpoint.value.probe { result in
                if case .success = result { answer.succeed(true) } else { answer.succeed(false) }
            }
        }
        return (try? await answer.futureResult.get()) ?? false
    }

    private func takeTurn() throws -> Way? {
        try state.withLock { state in
            switch state {
            case .unused: return nil
            case .closed: throw RuntimeError(.stopped, "the client has been shut down")
            case .open(let ways, let next):
                if ways.count > 1 { state = .open(ways, next: (next + 1) % ways.count) }
                return ways[next]
            }
        }
    }

    /// Makes the ways, which are not connected yet; where another call was quicker, its ways stay and these are dropped.
    private func makeWays() async throws -> Way {
        var ways: [Way] = []
        for _ in 0..<settings.waysPerHost {
            let eventLoop = settings.group.next()
            ways.append(
                try await eventLoop.submit { [address, settings] in
                    let endpoint = HTTP2Endpoint(
                        address: address, eventLoop: eventLoop, configuration: settings.endpoint,
                        logger: settings.logger)
                    return Way(
                        endpoint: NIOLoopBound(endpoint, eventLoop: eventLoop), eventLoop: eventLoop,
                        transport: HTTP2RPCTransport(endpoint: endpoint, configuration: settings.calls))
                }.get())
        }
        return try state.withLock { state in
            switch state {
            case .unused:
                state = .open(ways, next: ways.count > 1 ? 1 : 0)
                return ways[0]
            case .open(let ways, let next): return ways[next]
            case .closed: throw RuntimeError(.stopped, "the client has been shut down")
            }
        }
    }

    /// Takes no more calls; connections close once the calls in progress have ended.
    func close() {
        for way in takeAll() { way.eventLoop.execute { way.endpoint.value.close() } }
    }

    /// As ``close()``, with `force` at once; returns when the event loops have done it.
    func closeAndWait(force: Bool) async {
        for way in takeAll() {
            // Fails only where the event loop has ended, and the connection with it.
            try? await way.eventLoop.submit { way.endpoint.value.close(force: force) }.get()
        }
    }

    private func takeAll() -> [Way] {
        state.withLock { state in
            defer { state = .closed }
            if case .open(let ways, _) = state { return ways }
            return []
        }
    }
}
