package import LeverCore
import LeverTransport
import NIOCore

/// Calls that start in the host: the HTTP gateway's, the administration's, an embedding program's. The same pick as for
/// calls that pass through, and then a caller over the event loop's own connection to the instance, or the handler itself where
/// the instance is in this process.
///
/// Unchecked: the router is only handed to the calls, which touch it on its event loop.
package struct RouterTransport: ReplyMetadataTransport, @unchecked Sendable {
    private let router: LoopRouter
    private let defaultDeadline: Duration
    private let inProcess: InProcessTransport.Configuration
    private let caller: Caller

    /// Makes calls for a caller from one event loop.
    package init(_ router: LoopRouter, caller: Caller) {
        self.router = router
        defaultDeadline = router.configuration.defaultDeadline
        inProcess = router.configuration.inProcess
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
                return (try await here(handler).call(context, arguments), [])
            case .instance(let place):
                switch place.way {
                case .handler(let handler, let handled):
                    let transport = here(handler)
                    return (try await handled.run { try await transport.call(context, arguments) }, [])
                case .connection(let transport):
                    var answer = try await transport.callWithMetadata(context, arguments)
                    answer.metadata.removeAll { $0.name == RPCHeader.version }
                    answer.metadata.append((RPCHeader.version, String(place.instance.version)))
                    return answer
                }
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
                    return try await here(handler).open(context, arguments)
                case .instance(let place):
                    switch place.way {
                    case .handler(let handler, let handled):
                        // The channel is inside until its handler has returned, whatever becomes of the caller's end.
                        let transport = here(ReturningHandler(handler: handler) { call.finish() })
                        let channel = EndableChannel(
                            try await handled.run { try await transport.open(context, arguments) })
                        handled.onEnd { channel.end(with: $0) }
                        return channel
                    case .connection(let transport):
                        return try await transport.open(context, arguments)
                    }
                }
            }
        } catch {
            call.finish()
            throw error
        }
    }

    /// Has a channel served that came over a connection and ends in this process.
    func serve(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        let (context, call) = try begin(context)
        defer { call.finish() }
        try await attempt(call, context) { target, context in
            switch target {
            case .inProcess(let handler):
                try await handler.open(context, arguments, channel)
            case .instance(let place):
                guard case .handler(let handler, let handled) = place.way else {
                    let service = place.instance.service
                    throw RPCError(.noService, "service \(service) has just changed its kind; call again")
                }
                // Its task is cancelled with the stream, and the caller hears why.
                handled.onEnd { error in
                    if let channel = channel as? any EndableCall { channel.end(with: error) } else { channel.cancel() }
                }
                try await handler.open(context, arguments, channel)
            }
        }
    }

    /// Calls a handler of this process.
    func here(_ handler: any RPCHandler) -> InProcessTransport {
        InProcessTransport(handler: handler, configuration: inProcess)
    }

    /// A call as it goes on: with its environment, and without what only the host may say.
    static func prepare(_ context: CallContext, for caller: Caller) throws(RPCError) -> (CallContext, ServiceID) {
        try context.url.method.checkIsForCallers()
        var context = context
        let environment = context.url.environment ?? caller.environment ?? .default
        context.url.environment = environment
        // What only the host may say, nobody brings along, whichever way the call came.
        context.callerEnvironment = caller.environment.flatMap { $0 == environment ? nil : $0.rawValue }
        context.epoch = nil
        if !context.metadata.isEmpty { context.metadata.removeAll { RequestRoute.isDropped($0.name) } }
        return (context, ServiceID(environment: environment, service: context.url.service))
    }

    private func begin(_ context: CallContext) throws(RPCError) -> (CallContext, TransportCall) {
        let (context, service) = try Self.prepare(context, for: caller)
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
            } catch let error as RPCError where error.reason == .instanceDied && error.cause is CallUnanswered {
                throw await explained(error, place.instance)
            }
        }
    }

    /// An error of a call whose connection broke, with the reason of the instance's end where that gets known.
    private func explained(_ error: RPCError, _ instance: InstanceRoute) async -> RPCError {
        guard let end = instance.end else { return error }
        let why = await withCheckedContinuation { continuation in
            end.ask(router.eventLoop) { continuation.resume(returning: $0) }
        }
        guard let why else { return error }
        var error = error
        error.message = "instance \(instance.id) of \(instance.service) died during the call: \(why)"
        return error
    }
}
