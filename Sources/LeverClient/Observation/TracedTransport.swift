internal import LeverCore
internal import Tracing

/// A transport each of whose calls is a span, and takes its trace context along in the headers that the bootstrapped instrument
/// writes (`traceparent`, `tracestate` and `baggage` where it is one of W3C's form).
struct TracedTransport: RPCTransport {
    let next: any RPCTransport

    /// Whether the program has bootstrapped an instrument; without one a call costs no more than this question.
    static var isListenedTo: Bool {
        type(of: InstrumentationSystem.instrument) != NoOpInstrument.self
    }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        var context = context
        let span = CallSpan(&context)
        do {
            let reply = try await ServiceContext.withValue(span.context) {
                try await next.call(context, arguments)
            }
            span.end(CallOutcome(reply))
            return reply
        } catch {
            span.end(CallOutcome(error), error)
            throw error
        }
    }

    /// The span of a channel lasts until the channel's end.
    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        var context = context
        let span = CallSpan(&context)
        do {
            let channel = try await ServiceContext.withValue(span.context) {
                try await next.open(context, arguments)
            }
            return ObservedChannel(channel) { span.end($0) }
        } catch {
            span.end(CallOutcome(error), error)
            throw error
        }
    }
}

/// The span of one call.
private struct CallSpan: Sendable {
    private let span: any Span

    /// Starts the span, and writes its context into the call's headers.
    init(_ call: inout CallContext) {
        let url = call.url
        let instrument = InstrumentationSystem.instrument
        // In a handler whose program extracts nothing itself the caller's span is found in the headers of its call.
        var parent = ServiceContext.current ?? .topLevel
        if ServiceContext.current == nil, let outer = CallContext.current {
            instrument.extract(outer.metadata, into: &parent, using: MetadataExtractor())
        }
        let span = InstrumentationSystem.tracer.startSpan(
            "\(url.service)/\(url.method)", context: parent, ofKind: .client)
        span.updateAttributes { attributes in
            attributes["rpc.system"] = "lever"
            attributes["rpc.service"] = url.service.rawValue
            attributes["rpc.method"] = url.method.rawValue
            attributes["lever.environment"] = url.environment?.rawValue
            if !url.resource.isEmpty { attributes["lever.resource"] = url.resource }
        }
        instrument.inject(span.context, into: &call.metadata, using: MetadataInjector())
        self.span = span
    }

    var context: ServiceContext { span.context }

    func end(_ outcome: CallOutcome, _ error: (any Error)? = nil) {
        span.attributes["lever.outcome"] = outcome.label
        switch outcome {
        case .answered: span.attributes["rpc.grpc.status_code"] = 0
        case .methodError:
            span.attributes["rpc.grpc.status_code"] = 0
            span.setStatus(SpanStatus(code: .error))
        case .status(let code):
            span.attributes["rpc.grpc.status_code"] = code.rawValue
            span.setStatus(SpanStatus(code: .error))
        case .local: span.setStatus(SpanStatus(code: .error))
        }
        if let reason = (error as? RPCError)?.reason { span.attributes["error.type"] = reason.token }
        if let error { span.recordError(error) }
        span.end()
    }
}

/// Headers as a carrier of trace context.
private struct MetadataInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [(name: String, value: String)]) {
        carrier.setHeader(key, value)
    }
}

private struct MetadataExtractor: Extractor {
    func extract(key: String, from carrier: [(name: String, value: String)]) -> String? {
        let name = key.lowercased()
        return carrier.first { $0.name == name }?.value
    }
}

extension [(name: String, value: String)] {
    /// Sets a header, in place of others of the same name.
    fileprivate mutating func setHeader(_ name: String, _ value: String) {
        let name = name.lowercased()
        removeAll { $0.name == name }
        append((name, value))
    }
}
