package import LeverCore

/// Makes calls to a handler of this process, without a network and with the same meaning: deadlines, cancellation, errors and
/// back-pressure.
package struct InProcessTransport: RPCTransport {
    private let handler: any RPCHandler
    private let configuration: GRPCConfiguration

    package init(handler: any RPCHandler, configuration: GRPCConfiguration = .defaults) {
        self.handler = handler
        self.configuration = configuration
    }

    package func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        let context = try prepare(context, isChannel: false)
        let handler = handler
        let call = InProcessCall<RPCReply>()
        return try await call.run(deadline: context.deadline, late: "\"\(context.url)\" was not answered in time") {
            do {
                call.finish(.success(try await handler.call(context, arguments)))
            } catch {
                call.finish(.failure(RPCError.thrown(error, by: context)))
            }
        }
    }

    package func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        let context = try prepare(context, isChannel: true)
        let pair = InProcessChannel.Pair(context, bound: configuration.sendBuffer)
        return try await pair.open(handler, context, arguments)
    }

    private func prepare(_ context: CallContext, isChannel: Bool) throws(RPCError) -> CallContext {
        try context.checkKind(isChannel: isChannel)
        _ = try context.timeLeft()
        guard context.depth <= configuration.maximumDepth else {
            throw RPCError(
                .tooDeep, "the call is nested \(context.depth) deep; the limit is \(configuration.maximumDepth)")
        }
        var context = context
        context.url.environment = context.url.environment ?? .default
        if !isChannel, context.deadline == nil, let limit = configuration.defaultDeadline {
            context.deadline = .now + limit
        }
        return context
    }
}
