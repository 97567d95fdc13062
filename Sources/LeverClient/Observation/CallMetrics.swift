internal import CoreMetrics
internal import LeverCore
internal import Synchronization

/// The metrics of a client's calls, for each method. Methods past the bound share one set, named `other`.
///
/// - `lever.client.calls`: calls that have ended; `outcome` is `ok`, `method-error`, a gRPC code, or `local-error`.
/// - `lever.client.call.duration`: how long they took, of channels until their end.
/// - `lever.client.calls.active`: calls and channels that are open.
final class CallMetrics: Sendable {
    private struct Key: Hashable {
        let environment: EnvironmentName?
        let service: ServiceName
        let method: MethodName
    }

    private let factory: any MetricsFactory
    private let maximumMethods: Int
    private let methods = Mutex<[Key: MethodMetrics]>([:])
    private let other: MethodMetrics

    init(factory: any MetricsFactory, maximumMethods: Int) {
        self.factory = factory
        self.maximumMethods = maximumMethods
        other = MethodMetrics(
            [("environment", "other"), ("service", "other"), ("method", "other")], factory: factory)
    }

    /// The metrics of the method that a call goes to.
    func method(of url: LeverURL) -> MethodMetrics {
        let key = Key(environment: url.environment, service: url.service, method: url.method)
        return methods.withLock { methods in
            if let known = methods[key] { return known }
            guard methods.count < maximumMethods else { return other }
            let made = MethodMetrics(
                [
                    ("environment", url.environment?.rawValue ?? ""), ("service", url.service.rawValue),
                    ("method", url.method.rawValue),
                ], factory: factory)
            methods[key] = made
            return made
        }
    }
}

/// The metrics of one method.
final class MethodMetrics: Sendable {
    private let dimensions: [(String, String)]
    private let factory: any MetricsFactory
    private let duration: Timer
    private let active: Meter
    private let open = Atomic(0)
    private let ended = Mutex<[CallOutcome: Counter]>([:])

    init(_ dimensions: [(String, String)], factory: any MetricsFactory) {
        self.dimensions = dimensions
        self.factory = factory
        duration = Timer(label: "lever.client.call.duration", dimensions: dimensions, factory: factory)
        active = Meter(label: "lever.client.calls.active", dimensions: dimensions, factory: factory)
    }

    /// Counts a call that begins.
    func began() -> ContinuousClock.Instant {
        active.set(open.add(1, ordering: .relaxed).newValue)
        return .now
    }

    /// Counts its end.
    func ended(_ outcome: CallOutcome, since begin: ContinuousClock.Instant) {
        active.set(open.subtract(1, ordering: .relaxed).newValue)
        let time = (ContinuousClock.now - begin).components
        duration.recordNanoseconds(time.seconds * 1_000_000_000 + time.attoseconds / 1_000_000_000)
        let counter = ended.withLock { ended in
            if let known = ended[outcome] { return known }
            let made = Counter(
                label: "lever.client.calls", dimensions: dimensions + [("outcome", outcome.label)], factory: factory)
            ended[outcome] = made
            return made
        }
        counter.increment()
    }
}

/// A transport whose calls are counted.
struct MeteredTransport: RPCTransport {
    let metrics: CallMetrics
    let next: any RPCTransport

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        let method = metrics.method(of: context.url)
        let begin = method.began()
        do {
            let reply = try await next.call(context, arguments)
            method.ended(CallOutcome(reply), since: begin)
            return reply
        } catch {
            method.ended(CallOutcome(error), since: begin)
            throw error
        }
    }

    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        let method = metrics.method(of: context.url)
        let begin = method.began()
        do {
            let channel = try await next.open(context, arguments)
            return ObservedChannel(channel) { method.ended($0, since: begin) }
        } catch {
            method.ended(CallOutcome(error), since: begin)
            throw error
        }
    }
}
