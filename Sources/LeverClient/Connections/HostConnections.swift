internal import LeverCore
internal import LeverTransport
internal import Logging
internal import NIOCore
internal import Synchronization

/// A client's way over the network: to the hosts that it was given, or to the host of each environment.
final class HostConnections: RPCTransport {
    private enum State: Sendable {
        case open([TransportAddress: HostGroup])
        case closed
    }

    private let forced: HostGroup?
    private let balancer: any LoadBalancer
    private let backoff: Backoff
    private let settings: HostWays.Settings
    private let state = Mutex(State.open([:]))

    init(_ configuration: LeverClient.Configuration, group: any EventLoopGroup, logger: Logger) {
        var endpoint = EndpointConfiguration()
        endpoint.connectTimeout = configuration.connectTimeout
        endpoint.idleTimeout = configuration.idleTimeout
        endpoint.keepAliveInterval = configuration.keepAliveInterval
        endpoint.maximumQueue = configuration.maximumQueue
        var bounds = GRPCConfiguration()
        bounds.maximumMessageLength = configuration.maximumMessageLength
        let settings = HostWays.Settings(
            waysPerHost: configuration.connectionsPerHost, endpoint: endpoint, calls: bounds, group: group,
            logger: logger)
        self.settings = settings
        balancer = configuration.loadBalancer
        backoff = configuration.hostBackoff
        let addresses = configuration.allHosts.compactMap(TransportAddress.init)
        forced =
            addresses.isEmpty
            ? nil
            : HostGroup(
                addresses, settings, balancer: configuration.loadBalancer, backoff: configuration.hostBackoff)
    }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        let hosts = try hosts(of: context.url.environment ?? .default)
        // The usual case, without a way around.
        if let known = try hosts.known() { return try await known.call(context, arguments) }
        return try await hosts.call(context, arguments)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        try await hosts(of: context.url.environment ?? .default).open(context, arguments)
    }

    /// The hosts that calls to an environment go to.
    ///
    /// - Throws: `RPCError` where the gateway of the call that is being answered is malformed; `RuntimeError` once
    ///   the client has been shut down.
    func hosts(of environment: EnvironmentName) throws -> HostGroup {
        if let forced { return forced }
        let address = try Self.address(of: environment, within: CallContext.current)
        return try state.withLock { state in
            guard case .open(var groups) = state else {
                throw RuntimeError(.stopped, "the client has been shut down")
            }
            if let known = groups[address] { return known }
            let made = HostGroup([address], settings, balancer: balancer, backoff: backoff)
            state = .closed
            groups[address] = made
            state = .open(groups)
            return made
        }
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

    /// Takes no more calls; connections close once the calls in progress have ended.
    func close() {
        for group in takeAll() { group.close() }
    }

    /// As ``close()``, with `force` at once; returns when the event loops have done it.
    func closeAndWait(force: Bool) async {
        for group in takeAll() { await group.closeAndWait(force: force) }
    }

    private func takeAll() -> [HostGroup] {
        let groups: [HostGroup] = state.withLock { state in
            guard case .open(let groups) = state else { return [] }
            state = .closed
            return Array(groups.values)
        }
        return (forced.map { [$0] } ?? []) + groups
    }
}

/// Carries calls to the hosts of one environment, whatever environment their addresses name.
struct PinnedConnections: RPCTransport {
    let connections: HostConnections
    let environment: EnvironmentName

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await connections.hosts(of: environment).call(context, arguments)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        try await connections.hosts(of: environment).open(context, arguments)
    }
}
