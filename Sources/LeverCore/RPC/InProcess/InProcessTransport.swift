/// Makes calls to handlers of this process, without a network and with the same meaning: deadlines, cancellation, errors, and
/// channels with back-pressure. For tests of programs that call services, and for services within a host's own process.
///
/// ```swift
/// let transport = try InProcessTransport(services: ["dev.lever/hello": hello.handler(), "dev.lever/stock": FakeStock()])
/// let client = LeverClient(transport: transport)
/// ```
///
/// A handler sees its caller's task-local values; nothing is encoded, so an argument arrives as the value it was.
public struct InProcessTransport: RPCTransport {
    /// The bounds of calls within the process.
    public struct Configuration: Sendable, Hashable {
        /// Bytes that may wait in each direction of a channel before `send` suspends.
        public var channelBuffer = 64 * 1024
        /// How deep calls made on behalf of calls may be nested.
        public var maximumDepth = 32
        /// How long a unary call may take that brings no deadline; `nil` leaves it without.
        public var defaultTimeout: Duration?
        /// Whether unary calls begin on the thread of their caller, which is the fastest; without it they begin on Swift's global
        /// executor, as is right for handlers that block where callers may not.
        public var callsBeginOnCallersThread = true

        /// Makes a configuration of the defaults.
        public init() {}

        /// 64 KiB in each direction of a channel, 32 nested calls, no deadline.
        public static var defaults: Configuration { Configuration() }
    }

    private enum Destination {
        case all(any RPCHandler)
        case services([ServiceID: any RPCHandler])
    }

    private let destination: Destination
    private let configuration: Configuration

    /// Makes a transport that takes all calls to one handler, whatever their service.
    public init(handler: any RPCHandler, configuration: Configuration = .defaults) {
        destination = .all(handler)
        self.configuration = configuration
    }

    /// Makes a transport that takes each call to the handler of its service. A call to another service fails as at a host: with
    /// the reason ``RPCError/Reason/noEnvironment`` or ``RPCError/Reason/noService``.
    public init(services: [ServiceID: any RPCHandler], configuration: Configuration = .defaults) {
        destination = .services(services)
        self.configuration = configuration
    }

    /// Makes a transport that takes each call to the handler of its service, named as `<environment>/<service>`.
    ///
    /// - Throws: ``RPCError`` where a name is malformed.
    public init(
        services: [String: any RPCHandler], configuration: Configuration = .defaults
    ) throws(RPCError) {
        var handlers: [ServiceID: any RPCHandler] = [:]
        for (name, handler) in services { handlers[try ServiceID(name)] = handler }
        self.init(services: handlers, configuration: configuration)
    }

    /// Makes a unary call; the handler's task is cancelled when the caller's is, and at the deadline.
    ///
    /// - Throws: ``RPCError``, `CancellationError`.
    public func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        let handler = try handler(of: context, isChannel: false)
        return try await InProcessCall(prepared(context), arguments, handler)
            .run(immediately: configuration.callsBeginOnCallersThread)
    }

    /// Opens a channel; returns once the handler has accepted it.
    ///
    /// - Throws: ``RPCError``, `CancellationError`.
    public func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        let handler = try handler(of: context, isChannel: true)
        let context = prepared(context)
        let pair = InProcessChannel.Pair(context, bound: configuration.channelBuffer)
        return try await pair.open(handler, context, arguments)
    }

    /// Checks a call, and finds who answers it.
    private func handler(of context: CallContext, isChannel: Bool) throws(RPCError) -> any RPCHandler {
        try context.checkKind(isChannel: isChannel)
        _ = try context.timeLeft()
        guard context.depth <= configuration.maximumDepth else {
            throw RPCError(
                .tooDeep, "the call is nested \(context.depth) deep; the limit is \(configuration.maximumDepth)")
        }
        return try handler(of: context.url)
    }

    /// The context that the handler sees: with its environment, and a deadline where one was left to this configuration.
    private func prepared(_ context: CallContext) -> CallContext {
        let isLimited = configuration.defaultTimeout != nil && context.deadline == nil && !context.url.method.isChannel
        // It is large; most calls have both.
        guard isLimited || context.url.environment == nil else { return context }
        var context = context
        context.url.environment = context.url.environment ?? .default
        if isLimited { context.deadline = configuration.defaultTimeout.map { .now + $0 } }
        return context
    }

    private func handler(of url: LeverURL) throws(RPCError) -> any RPCHandler {
        switch destination {
        case .all(let handler): return handler
        case .services(let handlers):
            let environment = url.environment ?? .default
            if let handler = handlers[ServiceID(environment: environment, service: url.service)] { return handler }
            guard handlers.keys.contains(where: { $0.environment == environment }) else {
                throw RPCError(.noEnvironment, "there is no environment \"\(environment)\" in this process")
            }
            throw RPCError(
                .noService, "there is no service \"\(url.service)\" in the environment \"\(environment)\"")
        }
    }
}
