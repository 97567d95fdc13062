internal import CoreMetrics
internal import LeverCore

/// What stands between a client's calls and what carries them. From the outside: interceptors, span, metrics, retries. A layer
/// that is not configured is not there.
struct CallLayers: Sendable {
    private let interceptors: [any ClientInterceptor]
    private let isTraced: Bool
    private let metrics: CallMetrics?
    private let retrier: Retrier?

    init(_ configuration: LeverClient.Configuration) {
        interceptors = configuration.interceptors
        isTraced = configuration.isTraced
        metrics = configuration.metrics.map {
            CallMetrics(factory: $0, maximumMethods: configuration.maximumMeasuredMethods)
        }
        retrier =
            configuration.retries == nil && configuration.hedging == nil
            ? nil : Retrier(configuration.retries, configuration.hedging)
    }

    /// Puts the layers before a transport.
    func around(_ transport: any RPCTransport) -> LayeredTransport {
        LayeredTransport(
            plain: add(to: transport, isTraced: false), traced: isTraced ? add(to: transport, isTraced: true) : nil)
    }

    private func add(to transport: any RPCTransport, isTraced: Bool) -> any RPCTransport {
        var transport = transport
        if let retrier { transport = RetryingTransport(retrier: retrier, next: transport) }
        if let metrics { transport = MeteredTransport(metrics: metrics, next: transport) }
        if isTraced { transport = TracedTransport(next: transport) }
        for interceptor in interceptors.reversed() {
            transport = InterceptedTransport(interceptor: interceptor, next: transport)
        }
        return transport
    }
}

/// A transport with its layers, and without the one for spans where nobody listens to them.
struct LayeredTransport: Sendable {
    let plain: any RPCTransport
    let traced: (any RPCTransport)?

    /// What carries a call now.
    var current: any RPCTransport {
        if let traced, TracedTransport.isListenedTo { traced } else { plain }
    }
}
