package import LeverCore
import LeverTransport
import NIOCore

/// Calls that start in the host: the HTTP gateway's, the administration's, an embedding program's. The same pick as for
/// calls that pass through, and then a caller over the event loop's own connection to the instance.
///
/// Unchecked: the router is only handed to the calls, which touch it on its event loop.
package struct RouterTransport: ReplyMetadataTransport, @unchecked Sendable {
    private let router: LoopRouter
    private let defaultDeadline: Duration
    private let caller: Caller

    /// Makes calls for a caller from one event loop.
    package init(_ router: LoopRouter, caller: Caller) {
        self.router = router
        defaultDeadline = router.configuration.defaultDeadline
        self.caller = caller
    }

    package func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await callWithMetadata(context, arguments).reply
    }

    /// Makes a unary call; the metadata names the version that answered, where an instance did.
    package func callWithMetadata(
        _ context: CallContext, _ arguments: RPCArguments
    ) async throws -> (reply: RPCReply, metadata: [(name: String, value: String)]) {
        let (context, call) = try begin(context)
        defer { call.finish() }
        return try await attempt(call, context) { target, context in
            switch target {
            case .inProcess(let handler):
                return (try await InProcessTransport(handler: handler).call(context, arguments), [])
            case .instance(let place):
                var answer = try await place.transport.callWithMetadata(context, arguments)
                answer.metadata.removeAll { $0.name == RPCHeader.version }
                answer.metadata.append((RPCHeader.version, String(place.instance.version)))
                return answer
            }
        }
    }

    /// Opens a channel; it stays inside its instance until it is closed.
    package func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        let (context, call) = try begin(context)
        do {
            return try await attempt(call, context) { target, context in
                switch target {
                case .inProcess(let handler):
                    call.finish()
                    return try await InProcessTransport(handler: handler).open(context, arguments)
                case .instance(let place):
                    return try await place.transport.open(context, arguments)
                }
            }
        } catch {
            call.finish()
            throw error
        }
    }

    private func begin(_ context: CallContext) throws(RPCError) -> (CallContext, TransportCall) {
        try context.url.method.checkIsForCallers()
        var context = context
        let environment = context.url.environment ?? caller.environment ?? .default
        context.url.environment = environment
        // What only the host may say, nobody brings along, whichever way the call came.
        context.callerEnvironment = caller.environment.flatMap { $0 == environment ? nil : $0.rawValue }
        context.epoch = nil
        context.metadata.removeAll { RequestRoute.isDropped($0.name) }
        let service = ServiceID(environment: environment, service: context.url.service)
        return (context, TransportCall(context, service: service, caller: caller, router: router))
    }

    /// Finds a destination and makes the call there; again where it certainly was not begun.
    private func attempt<Result>(
        _ call: TransportCall, _ context: CallContext,
        _ body: (TransportCall.Target, CallContext) async throws -> Result
    ) async throws -> Result {
        var context = context
        var failure: (error: RPCError, instance: InstanceID)?
        while true {
            let target = try await call.target(after: failure)
            guard case .instance(let place) = target else { return try await body(target, context) }
            context.internalGateway = place.gateway
            context.epoch = place.epoch?.rawValue
            if let callID = place.callID { context.callID = callID }
            if context.deadline == nil, !context.url.method.isChannel { context.deadline = .now + defaultDeadline }
            do {
                return try await body(target, context)
            } catch let error as RPCError where error.cause is CallNotBegun {
                failure = (error, place.instance.id)
            }
        }
    }
}
