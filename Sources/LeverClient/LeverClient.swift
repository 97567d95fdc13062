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
/// handler runs on. Close it with ``shutdown()``, or use ``withLeverClient(host:configuration:_:)``.
public final class LeverClient: Sendable {
    /// How calls reach their methods.
    private enum Way: Sendable {
        case network(HostConnections)
        case transport(any RPCTransport)
    }

    /// What the client was made with.
    public let configuration: Configuration
    private let way: Way

    /// Makes a client that calls over the network.
    ///
    /// - Parameters:
    ///   - host: `host:port`, or `unix:` and the path of a socket, that all calls go to whatever their environment. Without
    ///     it a call goes to port 80 of the host that its environment is the name of.
    ///   - configuration: Everything else.
    ///   - eventLoopGroup: What the connections live on; by default the process's shared one.
    ///   - logger: Where connections that fail are noted; by default nowhere.
    /// - Throws: ``RuntimeError`` where the host or the configuration is unusable.
    public init(
        host: String? = nil, configuration: Configuration = .defaults, eventLoopGroup: (any EventLoopGroup)? = nil,
        logger: Logger? = nil
    ) throws(RuntimeError) {
        var configuration = configuration
        configuration.host = host ?? configuration.host
        try configuration.validate()
        self.configuration = configuration
        way = .network(
            HostConnections(
                configuration, group: eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton,
                logger: logger ?? Logger(label: "lever.client") { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Makes a client over a transport, for example one within the process.
    public init(transport: any RPCTransport, configuration: Configuration = .defaults) {
        self.configuration = configuration
        way = .transport(transport)
    }

    deinit {
        // Not by force: a channel may outlive the client that opened it.
        if case .network(let connections) = way { connections.close() }
    }

    /// A service, by the name of its environment and its own.
    ///
    /// - Throws: ``RPCError`` where a name is malformed.
    public func service(_ environment: String, _ service: String) throws(RPCError) -> ServiceEndpoint {
        self.service(try ServiceID(environment: EnvironmentName(environment), service: ServiceName(service)))
    }

    /// A service of the environment that relative addresses belong to.
    ///
    /// - Throws: ``RPCError`` where the name is malformed.
    public func service(_ service: String) throws(RPCError) -> ServiceEndpoint {
        self.service(try ServiceID(environment: currentEnvironment, service: ServiceName(service)))
    }

    /// A service.
    public func service(_ id: ServiceID) -> ServiceEndpoint {
        ServiceEndpoint(client: self, id: id)
    }

    /// Takes no more calls. Connections close once the calls in progress have ended, with `force` at once.
    public func shutdown(force: Bool = false) async {
        if case .network(let connections) = way { await connections.closeAndWait(force: force) }
    }

    // MARK: Calls as they travel

    /// Makes a unary call with arguments as they travel. Cancelling the task cancels the call.
    ///
    /// - Returns: the reply; a method's own error is returned, not thrown.
    /// - Throws: ``RPCError`` when the call did not come to a reply; `CancellationError`.
    public func call(
        _ url: LeverURL, _ arguments: RPCArguments, options: CallOptions = .defaults
    ) async throws -> RPCReply {
        guard !url.method.isChannel else {
            throw RPCError(.noMethod, "\(url) is a channel method (its name ends in Chan): open a channel to it")
        }
        let context = context(of: url, options, timeout: options.timeout ?? configuration.timeout)
        return try await transport(to: context.url.environment ?? currentEnvironment).call(context, arguments)
    }

    /// Opens a channel with arguments as they travel; returns once the method has accepted it. The channel has a deadline
    /// only where the options give one.
    ///
    /// - Throws: ``RPCError`` when it could not be opened; `CancellationError`.
    public func open(
        _ url: LeverURL, _ arguments: RPCArguments, options: CallOptions = .defaults
    ) async throws -> LeverChannel {
        guard url.method.isChannel else {
            throw RPCError(.noMethod, "\(url) is no channel method (its name does not end in Chan): invoke it")
        }
        let context = context(of: url, options, timeout: options.timeout)
        let channel = try await transport(to: context.url.environment ?? currentEnvironment).open(context, arguments)
        return LeverChannel(channel, url: context.url, isCallers: true)
    }

    /// Opens a channel to whatever method as the transport has it, at the host that an environment belongs to.
    func open(
        _ url: LeverURL, _ arguments: RPCArguments, atHostOf environment: EnvironmentName
    ) async throws -> any RPCChannel {
        try await transport(to: environment).open(context(of: url, .defaults, timeout: nil), arguments)
    }

    /// Makes a unary call at the host that an environment belongs to.
    func call(
        _ url: LeverURL, _ arguments: RPCArguments, atHostOf environment: EnvironmentName, timeout: Duration?
    ) async throws -> RPCReply {
        let context = context(of: url, .defaults, timeout: timeout ?? configuration.timeout)
        return try await transport(to: environment).call(context, arguments)
    }

    private var currentEnvironment: EnvironmentName {
        configuration.environment ?? CallContext.current?.url.environment ?? .default
    }

    private func context(of url: LeverURL, _ options: CallOptions, timeout: Duration?) -> CallContext {
        var url = url
        url.environment = url.environment ?? currentEnvironment
        let deadline = timeout.map { ContinuousClock.now + $0 }
        var context = CallContext.current?.nested(url, deadline: deadline) ?? CallContext(url: url, deadline: deadline)
        context.metadata = options.metadata
        return context
    }

    private func transport(to environment: EnvironmentName) async throws -> any RPCTransport {
        switch way {
        case .transport(let transport): transport
        case .network(let connections): try await connections.transport(to: environment)
        }
    }
}

/// Makes a client for the time that `body` takes, and shuts it down in any case.
///
/// ```swift
/// try await withLeverClient(host: "127.0.0.1:8080") { client in … }
/// ```
///
/// - Throws: ``RuntimeError`` where the host or the configuration is unusable, and what `body` throws.
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
