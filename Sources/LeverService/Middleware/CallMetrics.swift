public import CoreMetrics
public import LeverCore
internal import Synchronization

/// Counts and times the calls of each method, through swift-metrics:
///
/// - `lever.service.calls`: calls that have ended; `outcome` is `ok`, `method-error` or a gRPC code.
/// - `lever.service.call.duration`: how long they took, of channels until the method's end.
/// - `lever.service.calls.active`: calls and channels in progress.
///
/// All have the dimension `method`.
public struct CallMetrics: ServiceMiddleware, CallObserver {
    private final class Methods: Sendable {
        /// Only methods that there are get this far, so it is bounded.
        let known = Mutex<[MethodName: MethodMetrics]>([:])
    }

    private let methods = Methods()

    private let factory: (any MetricsFactory)?

    /// Counts with a factory.
    ///
    /// - Parameter factory: Where the metrics go; by default to the metrics system that the program has bootstrapped.
    public init(factory: (any MetricsFactory)? = nil) {
        self.factory = factory
    }

    /// Counts a unary call.
    public func call(
        _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
    ) async throws -> RPCReply {
        try await observe(context, CallOutcome.init) { try await next(context, arguments) }
    }

    /// Counts a channel.
    public func open(
        _ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel,
        next: @escaping ServiceDefinition.ChannelHandler
    ) async throws {
        try await observe(context, { .answered }) { try await next(context, arguments, channel) }
    }

    func began(_ context: CallContext) -> (metrics: MethodMetrics, begin: ContinuousClock.Instant) {
        let name = context.url.method
        let metrics = methods.known.withLock { known in
            if let metrics = known[name] { return metrics }
            let made = MethodMetrics(name, factory ?? MetricsSystem.factory)
            known[name] = made
            return made
        }
        metrics.began()
        return (metrics, .now)
    }

    func ended(
        _ context: CallContext, _ observation: (metrics: MethodMetrics, begin: ContinuousClock.Instant),
        _ outcome: CallOutcome, _ error: (any Error)?
    ) {
        observation.metrics.ended(outcome, after: .now - observation.begin)
    }
}

/// The metrics of one method.
final class MethodMetrics: Sendable {
    private let name: MethodName
    private let factory: any MetricsFactory
    private let duration: Timer
    private let active: Meter
    private let open = Atomic(0)
    private let calls = Mutex<[CallOutcome: Counter]>([:])

    init(_ name: MethodName, _ factory: any MetricsFactory) {
        self.name = name
        self.factory = factory
        let dimensions = [("method", name.rawValue)]
        duration = Timer(label: "lever.service.call.duration", dimensions: dimensions, factory: factory)
        active = Meter(label: "lever.service.calls.active", dimensions: dimensions, factory: factory)
    }

    func began() {
        active.set(open.add(1, ordering: .relaxed).newValue)
    }

    func ended(_ outcome: CallOutcome, after time: Duration) {
        active.set(open.subtract(1, ordering: .relaxed).newValue)
        let parts = time.components
        duration.recordNanoseconds(parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
        let counter = calls.withLock { calls in
            if let known = calls[outcome] { return known }
            let made = Counter(
                label: "lever.service.calls", dimensions: [("method", name.rawValue), ("outcome", outcome.label)],
                factory: factory)
            calls[outcome] = made
            return made
        }
        counter.increment()
    }
}
