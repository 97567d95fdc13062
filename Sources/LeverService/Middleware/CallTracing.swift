public import LeverCore
internal import Tracing

/// Makes each call a span of the program's tracer, beneath the caller's span where the call has one: the trace context is read
/// from the headers (`traceparent` and what else the tracer knows), is `ServiceContext.current` within the method, and so goes on
/// to the calls that it makes. Without a bootstrapped tracer it costs next to nothing.
public struct CallTracing: ServiceMiddleware {
    /// Uses the tracer that the program has bootstrapped.
    public init() {}

    /// Traces a unary call.
    public func call(
        _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
    ) async throws -> RPCReply {
        try await inSpan(context, CallOutcome.init) { try await next(context, arguments) }
    }

    /// Traces a channel; its span ends when the method has returned.
    public func open(
        _ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel,
        next: @escaping ServiceDefinition.ChannelHandler
    ) async throws {
        try await inSpan(context, { .answered }) { try await next(context, arguments, channel) }
    }

    private func inSpan<Result: Sendable>(
        _ context: CallContext, _ outcome: (Result) -> CallOutcome, _ body: () async throws -> Result
    ) async throws -> Result {
        let instrument = InstrumentationSystem.instrument
        guard type(of: instrument) != NoOpInstrument.self else { return try await body() }
        var parent = ServiceContext.current ?? .topLevel
        instrument.extract(context.metadata, into: &parent, using: MetadataExtractor())
        let span = InstrumentationSystem.tracer.startSpan(
            "\(context.url.service)/\(context.url.method)", context: parent, ofKind: .server)
        defer { span.end() }
        describe(context, in: span)
        do {
            let result = try await ServiceContext.withValue(span.context) { try await body() }
            end(outcome(result), of: span)
            return result
        } catch {
            end(CallOutcome(error), of: span)
            span.recordError(error)
            throw error
        }
    }

    private func describe(_ context: CallContext, in span: any Span) {
        span.updateAttributes { attributes in
            attributes["rpc.system"] = "lever"
            attributes["rpc.service"] = context.url.service.rawValue
            attributes["rpc.method"] = context.url.method.rawValue
            if !context.url.resource.isEmpty { attributes["lever.resource"] = context.url.resource }
            if let callID = context.callID { attributes["lever.call-id"] = callID }
        }
    }

    private func end(_ outcome: CallOutcome, of span: any Span) {
        span.attributes["lever.outcome"] = outcome.label
        if outcome != .answered { span.setStatus(SpanStatus(code: .error)) }
    }
}

/// Reads a call's headers as a carrier of trace context.
private struct MetadataExtractor: Extractor {
    func extract(key: String, from carrier: [(name: String, value: String)]) -> String? {
        let name = key.lowercased()
        return carrier.first { $0.name == name }?.value
    }
}
