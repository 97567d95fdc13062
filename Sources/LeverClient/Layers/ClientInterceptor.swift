public import LeverCore

/// Something that stands around all calls of a client: it may add headers, look at arguments and replies, answer a call itself,
/// or refuse it.
///
/// ```swift
/// struct Authorization: ClientInterceptor {
///     let token: @Sendable () async throws -> String
///
///     func call(_ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport) async throws -> RPCReply {
///         var context = context
///         context.metadata.append(("authorization", "Bearer \(try await token())"))
///         return try await next.call(context, arguments)
///     }
/// }
/// ```
///
/// The interceptors of ``LeverClient/Configuration/interceptors`` are called in their order, the first one outermost; what they
/// pass on is observed, retried and balanced behind the last one. An interceptor that makes a call twice does it in the eyes of
/// the service, too.
public protocol ClientInterceptor: Sendable {
    /// Stands around a unary call; the default passes it on.
    ///
    /// - Parameters:
    ///   - context: The call, with its complete address.
    ///   - arguments: What it carries.
    ///   - next: What makes the call.
    /// - Throws: `RPCError`, `CancellationError`; what else it throws reaches the caller as it is.
    func call(_ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport) async throws -> RPCReply

    /// Stands around the opening of a channel; the default passes it on.
    ///
    /// - Throws: as ``call(_:_:next:)``.
    func open(_ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport) async throws -> any RPCChannel
}

extension ClientInterceptor {
    /// Passes the call on.
    public func call(
        _ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport
    ) async throws -> RPCReply {
        try await next.call(context, arguments)
    }

    /// Passes the call on.
    public func open(
        _ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport
    ) async throws -> any RPCChannel {
        try await next.open(context, arguments)
    }
}

/// A transport with an interceptor before it.
struct InterceptedTransport: RPCTransport {
    let interceptor: any ClientInterceptor
    let next: any RPCTransport

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await interceptor.call(context, arguments, next: next)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        try await interceptor.open(context, arguments, next: next)
    }
}
