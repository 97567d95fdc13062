public import LeverCore
public import Logging

/// Logs each call when it has ended: the method, the resource, how it ended (`lever.outcome`), and how long it took in
/// milliseconds (`lever.milliseconds`). No arguments and no results.
public struct CallLogging: ServiceMiddleware, CallObserver {
    private let level: Logger.Level
    private let failureLevel: Logger.Level

    /// Logs at a level.
    ///
    /// - Parameters:
    ///   - level: The level for calls that were answered.
    ///   - failureLevel: The level for calls that ended with a status; a method's own error is an answer.
    public init(level: Logger.Level = .info, failureLevel: Logger.Level = .notice) {
        self.level = level
        self.failureLevel = failureLevel
    }

    /// Logs a unary call.
    public func call(
        _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
    ) async throws -> RPCReply {
        try await observe(context, CallOutcome.init) { try await next(context, arguments) }
    }

    /// Logs a channel.
    public func open(
        _ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel,
        next: @escaping ServiceDefinition.ChannelHandler
    ) async throws {
        try await observe(context, { .answered }) { try await next(context, arguments, channel) }
    }

    func began(_ context: CallContext) -> ContinuousClock.Instant { .now }

    func ended(
        _ context: CallContext, _ begin: ContinuousClock.Instant, _ outcome: CallOutcome, _ error: (any Error)?
    ) {
        var level = level
        if case .status = outcome { level = failureLevel }
        let milliseconds = ((ContinuousClock.now - begin) / .microseconds(1)).rounded() / 1000
        var metadata: Logger.Metadata = ["lever.outcome": "\(outcome.label)", "lever.milliseconds": "\(milliseconds)"]
        if let error { metadata["lever.error"] = "\(error)" }
        context.logger.log(level: level, "call ended", metadata: metadata)
    }
}
