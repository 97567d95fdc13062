internal import LeverCore
internal import LeverTransport
internal import Logging
internal import NIOCore
internal import Synchronization

/// A client's connections, some to each host. They are made by the endpoints when a call needs one.
final class HostConnections: Sendable {
    /// One event loop's way to a host.
    private struct Way: Sendable {
        let endpoint: NIOLoopBound<HTTP2Endpoint>
        let eventLoop: any EventLoop
        let transport: any RPCTransport
    }

    private struct Host: Sendable {
        let ways: [Way]
        var next = 0
    }

    private enum State: Sendable {
        case open([TransportAddress: Host])
        case closed
    }

    private let forced: TransportAddress?
    private let waysPerHost: Int
    private let endpointConfiguration: EndpointConfiguration
    private let callConfiguration: GRPCConfiguration
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State.open([:]))

    init(_ configuration: LeverClient.Configuration, group: any EventLoopGroup, logger: Logger) {
        forced = configuration.host.flatMap(TransportAddress.init)
        waysPerHost = configuration.connectionsPerHost
        var endpoint = EndpointConfiguration()
        endpoint.connectTimeout = configuration.connectTimeout
        endpoint.idleTimeout = configuration.idleTimeout
        endpoint.keepAliveInterval = configuration.keepAliveInterval
        endpoint.maximumQueue = configuration.maximumQueue
        endpointConfiguration = endpoint
        var bounds = GRPCConfiguration()
        bounds.maximumMessageLength = configuration.maximumMessageLength
        callConfiguration = bounds
        self.group = group
        self.logger = logger
    }

    /// What carries a call to an environment.
    ///
    /// - Throws: ``RPCError`` where the gateway of the call that is being answered is malformed; ``RuntimeError`` once
    ///   the client has been shut down.
    func transport(to environment: EnvironmentName) async throws -> any RPCTransport {
        let address = try forced ?? Self.address(of: environment, within: CallContext.current)
        if let known = try takeTurn(at: address) { return known }
        var ways: [Way] = []
        for _ in 0..<waysPerHost { ways.append(try await makeWay(to: address)) }
        return try add(ways, to: address)
    }

    /// Where calls to an environment go when no host is forced: through the gateway of the host that the call being answered
    /// came from, where the environment is that call's own or one of the deployment's; else to the host of that name.
    static func address(of environment: EnvironmentName, within call: CallContext?) throws -> TransportAddress {
        if let call, let gateway = call.internalGateway,
            environment == call.url.environment || environment.rawValue.hasSuffix(EnvironmentName.internalSuffix)
        {
            guard let address = TransportAddress(gateway) else {
                throw RPCError(.badMessage, "\(RPCHeader.internalGateway) \"\(gateway)\" should be <host>:<port>")
            }
            return address
        }
        return .tcp(host: environment.rawValue, port: 80)
    }

    private func takeTurn(at address: TransportAddress) throws -> (any RPCTransport)? {
        try state.withLock { state in
            guard case .open(var hosts) = state else { throw Self.closed }
            guard let host = hosts[address] else { return nil }
            if host.ways.count > 1 {
                // The dictionary is taken out of the state, so that it is not copied for the counter's sake.
                state = .closed
                hosts[address]?.next = (host.next + 1) % host.ways.count
                state = .open(hosts)
            }
            return host.ways[host.next].transport
        }
    }

    private func makeWay(to address: TransportAddress) async throws -> Way {
        let eventLoop = group.next()
        return try await eventLoop.submit { [endpointConfiguration, callConfiguration, logger] in
            let endpoint = HTTP2Endpoint(
                address: address, eventLoop: eventLoop, configuration: endpointConfiguration, logger: logger)
            return Way(
                endpoint: NIOLoopBound(endpoint, eventLoop: eventLoop), eventLoop: eventLoop,
                transport: HTTP2RPCTransport(endpoint: endpoint, configuration: callConfiguration))
        }.get()
    }

    /// Keeps the ways to a host; where another call was quicker, its ways stay and these, not connected yet, are dropped.
    private func add(_ ways: [Way], to address: TransportAddress) throws -> any RPCTransport {
        let kept: any RPCTransport = try state.withLock { state in
            guard case .open(var hosts) = state else { throw Self.closed }
            if let host = hosts[address] { return host.ways[host.next].transport }
            state = .closed
            hosts[address] = Host(ways: ways)
            state = .open(hosts)
            return ways[0].transport
        }
        return kept
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
            guard case .open(let hosts) = state else { return [] }
            state = .closed
            return hosts.values.flatMap(\.ways)
        }
    }

    private static var closed: RuntimeError { RuntimeError(.stopped, "the client has been shut down") }
}
