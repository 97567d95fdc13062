internal import LeverCore

extension CallContext {
    /// Takes along the trace context of the call that is being answered, so that a trace goes on through a program that has no
    /// tracer (W3C Trace Context, section 3; Baggage, section 3). A tracer's own headers replace it.
    mutating func passOnTraceHeaders(of outer: CallContext) {
        for header in outer.metadata where Self.isTraceHeader(header.name) {
            if !metadata.contains(where: { $0.name == header.name }) { metadata.append(header) }
        }
    }

    private static func isTraceHeader(_ name: String) -> Bool {
        switch name {
        case "traceparent", "tracestate", "baggage": true
        default: false
        }
    }
}
