public import LeverCore

/// Something around the calls of methods: it sees each call before its method does, and what comes of it.
///
/// ```swift
/// struct OnlyFor: ServiceMiddleware {
///     let environment: String
///
///     func call(
///         _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
///     ) async throws -> RPCReply {
///         guard context.callerEnvironment == environment else {
///             throw RPCError(code: .permissionDenied, message: "\(context.url.method) is for \(environment) alone")
///         }
///         return try await next(context, arguments)
///     }
/// }
/// ```
///
/// Both requirements hand the call on where they are not implemented. What the method throws comes through as it was thrown.
/// A method's own error that is *returned* by a handler, as `RPCReply.error`, is a reply.
public protocol ServiceMiddleware: Sendable {
    /// Handles a unary call.
    ///
    /// - Parameters:
    ///   - context: The call.
    ///   - arguments: Its arguments, not yet read.
    ///   - next: What comes after this: the next middleware, or the method. It may be called once, or not at all.
    func call(
        _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
    ) async throws -> RPCReply

    /// Handles a channel, for as long as it is open.
    ///
    /// - Parameters:
    ///   - context: The call that opened it.
    ///   - arguments: The call's arguments, not yet read.
    ///   - channel: The channel, not yet accepted.
    ///   - next: What comes after this: the next middleware, or the method. It may be called once, or not at all.
    func open(
        _ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel,
        next: @escaping ServiceDefinition.ChannelHandler
    ) async throws
}

extension ServiceMiddleware {
    /// Hands the call on.
    public func call(
        _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
    ) async throws -> RPCReply {
        try await next(context, arguments)
    }

    /// Hands the channel on.
    public func open(
        _ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel,
        next: @escaping ServiceDefinition.ChannelHandler
    ) async throws {
        try await next(context, arguments, channel)
    }
}

extension ServiceComponent {
    /// Puts a middleware around the component's methods. Of several the one that is written last sees a call first.
    public func middleware(_ middleware: some ServiceMiddleware) -> some ServiceComponent {
        var definition = ServiceDefinition([self])
        definition.addMiddleware(middleware)
        return definition
    }
}
