public import LeverCore
public import Logging
public import NIOCore
internal import NIOPosix

/// Calls the methods of services, on any host or through the one that is given.
///
/// ```swift
/// let client = try LeverClient(host: "127.0.0.1:8080")
/// let hello = try client.service("dev.lever", "helloService")
/// let greeting = try await hello.invoke("SayHello", "world", as: String.self)
/// ```
///
/// Connections are made when a call needs one, kept, and made again when they are lost. A client that is used within the
/// handler of a method passes on the call's id, depth and deadline, and goes through the gateway of the host that the
/// handler runs on. Close it with ``shutdown(force:)``, or use ``withLeverClient(host:configuration:_:)``.
public final class LeverClient: Sendable {
    /// What the client was made with.
    public let configuration: Configuration
    /// `nil` where it was made with a transport.
    private let connections: HostConnections?
    private let layers: CallLayers
    private let transport: LayeredTransport

    /// Makes a client that calls over the network.
    ///
    /// - Parameters:
    ///   - host: `host:port`, or `unix:` and the path of a socket, that all calls go to whatever their environment. Without
    ///     it a call goes to port 80 of the host that its environment is the name of.
    ///   - configuration: Everything else.
    ///   - eventLoopGroup: What the connections live on; by default the process's shared one.
    ///   - logger: Where connections that fail are noted; by default nowhere.
    /// - Throws: `RuntimeError` where the host or the configuration is unusable.
    public init(
        host: String? = nil, configuration: Configuration = .defaults, eventLoopGroup: (any EventLoopGroup)? = nil,
        logger: Logger? = nil
    ) throws(RuntimeError) {
        var configuration = configuration
        configuration.host = host ?? configuration.host
        try configuration.validate()
        let connections = HostConnections(
            configuration, group: eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton,
            logger: logger ?? Logger(label: "lever.client") { _ in SwiftLogNoOpLogHandler() })
        self.configuration = configuration
        self.connections = connections
        layers = CallLayers(configuration)
        transport = layers.around(connections)
    }

    /// Makes a client over a transport, for example an `InProcessTransport` in tests. What the configuration says of hosts
    /// and connections counts for nothing then.
    public init(transport: any RPCTransport, configuration: Configuration = .defaults) {
        self.configuration = configuration
        connections = nil
        layers = CallLayers(configuration)
        self.transport = layers.around(transport)
    }

    deinit {
        // Not by force: a channel may outlive the client that opened it.
        connections?.close()
    }

    /// A service, by the name of its environment and its own.
    ///
    /// - Throws: `RPCError` where a name is malformed.
    public func service(_ environment: String, _ service: String) throws(RPCError) -> ServiceEndpoint {
        self.service(try ServiceID(environment: EnvironmentName(environment), service: ServiceName(service)))
    }

    /// A service of the environment that relative addresses belong to.
    ///
    /// - Throws: `RPCError` where the name is malformed.
    public func service(_ service: String) throws(RPCError) -> ServiceEndpoint {
        self.service(try ServiceID(environment: currentEnvironment, service: ServiceName(service)))
    }

    /// A service.
    public func service(_ id: ServiceID) -> ServiceEndpoint {
        ServiceEndpoint(client: self, id: id)
    }

    /// Takes no more calls. Connections close once the calls in progress have ended, with `force` at once.
    public func shutdown(force: Bool = false) async {
        await connections?.closeAndWait(force: force)
    }

    // MARK: Calls as they travel

    /// Makes a unary call with arguments as they travel. Cancelling the task cancels the call.
    ///
    /// - Returns: the reply; a method's own error is returned, not thrown.
    /// - Throws: `RPCError` when the call did not come to a reply; `CancellationError`.
    public func call(
        _ url: LeverURL, _ arguments: RPCArguments, options: CallOptions = .defaults
    ) async throws -> RPCReply {
        guard !url.method.isChannel else {
            throw RPCError(.noMethod, "\(url) is a channel method (its name ends in Chan): open a channel to it")
        }
        let context = context(of: url, options, timeout: options.timeout ?? configuration.timeout)
        return try await transport.current.call(context, arguments)
    }

    /// Opens a channel with arguments as they travel; returns once the method has accepted it. The channel has a deadline
    /// only where the options or the task give one.
    ///
    /// - Throws: `RPCError` when it could not be opened; `CancellationError`.
    public func open(
        _ url: LeverURL, _ arguments: RPCArguments, options: CallOptions = .defaults
    ) async throws -> LeverChannel {
        try await open(url, arguments, options: options, errorTypes: [])
    }

    func open(
        _ url: LeverURL, _ arguments: RPCArguments, options: CallOptions,
        errorTypes: [any (Error & Decodable).Type]
    ) async throws -> LeverChannel {
        guard url.method.isChannel else {
            throw RPCError(.noMethod, "\(url) is no channel method (its name does not end in Chan): invoke it")
        }
        let context = context(of: url, options, timeout: options.timeout)
        let channel = try await transport.current.open(context, arguments)
        return LeverChannel(channel, url: context.url, isCallers: true, errorTypes: errorTypes)
    }

    /// Opens a channel to whatever method as the transport has it, at the host that an environment belongs to.
    func open(
        _ url: LeverURL, _ arguments: RPCArguments, atHostOf environment: EnvironmentName
    ) async throws -> any RPCChannel {
        try await transport(to: environment).current.open(context(of: url, .defaults, timeout: nil), arguments)
    }

    /// Makes a unary call at the host that an environment belongs to.
    func call(
        _ url: LeverURL, _ arguments: RPCArguments, atHostOf environment: EnvironmentName, timeout: Duration?
    ) async throws -> RPCReply {
        let context = context(of: url, .defaults, timeout: timeout ?? configuration.timeout)
        return try await transport(to: environment).current.call(context, arguments)
    }

    private func transport(to environment: EnvironmentName) -> LayeredTransport {
        guard let connections else { return transport }
        return layers.around(PinnedConnections(connections: connections, environment: environment))
    }

    private var currentEnvironment: EnvironmentName {
        configuration.environment ?? CallContext.current?.url.environment ?? .default
    }

    private func context(of url: LeverURL, _ options: CallOptions, timeout: Duration?) -> CallContext {
        var url = url
        let outer = CallContext.current
        url.environment = url.environment ?? configuration.environment ?? outer?.url.environment ?? .default
        let deadline = CallDeadline.earlier(timeout.map { .now + $0 }, CallDeadline.current)
        var context = outer?.nested(url, deadline: deadline) ?? CallContext(url: url, deadline: deadline)
        context.metadata = options.metadata
        context.isIdempotent = options.isIdempotent
        if let outer { context.passOnTraceHeaders(of: outer) }
        return context
    }
}

/// Makes a client for the time that `body` takes, and shuts it down in any case.
///
/// ```swift
/// try await withLeverClient(host: "127.0.0.1:8080") { client in … }
/// ```
///
/// - Throws: `RuntimeError` where the host or the configuration is unusable, and what `body` throws.
public func withLeverClient<Result: Sendable>(
    host: String? = nil, configuration: LeverClient.Configuration = .defaults,
    _ body: (LeverClient) async throws -> Result
) async throws -> Result {
    let client = try LeverClient(host: host, configuration: configuration)
    do {
        let result = try await body(client)
        await client.shutdown(force: true)
        return result
    } catch {
        await client.shutdown(force: true)
        throw error
    }
}
