import LeverCore
import LeverTransport

/// The bounds of the data path.
public struct RouterConfiguration: Sendable {
    /// The deadline of unary calls that bring none.
    public var defaultDeadline: Duration = .seconds(60)
    /// The longest deadline; later ones are brought forward to it.
    public var maximumDeadline: Duration = .seconds(24 * 3600)
    /// Bytes of a call's request that are kept until its response begins, so that a call which certainly was not begun can
    /// be tried again.
    public var retryBytes = 64 * 1024
    /// How often a call may be refused by instances that were reached, before it fails. Instances that could not be reached
    /// do not count: when there is no other, the call waits.
    public var attempts = 3
    /// The part of a repetition that each call adds to an event loop's budget for repeating refused calls: with 0.1,
    /// repetitions add at most a tenth to the calls that instances get. 0 leaves the burst alone.
    public var retryRatio = 0.1
    /// The most repetitions that the budget of one event loop holds, and what it begins with. Where it is used up, a refused
    /// call fails with what it was refused with. 0 repeats no call that an instance refused.
    public var retryBurst = 100
    /// The first pause of a call that could reach none of its instances; it doubles each time.
    public var firstRetryPause: Duration = .milliseconds(10)
    /// The longest such pause.
    public var longestRetryPause: Duration = .milliseconds(250)
    /// How deep calls made on behalf of calls may be nested.
    public var maximumDepth = 32
    /// How long what a caller still sends after it has got its whole answer is tolerated and dropped.
    public var lateDataTimeout: Duration = .seconds(10)
    /// The queue of calls that wait for an instance.
    public var waiting = Waiting()

    /// The bounds of the queue of calls that wait for an instance.
    public struct Waiting: Sendable {
        /// Calls that may wait for one service, its resources included.
        public var callsPerService = 1_000
        /// Calls that may wait in all.
        public var calls = 10_000

        /// Makes the defaults.
        public init() {}
    }

    /// Makes the defaults.
    public init() {}
}

extension RouterConfiguration {
    /// Checks all values.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`, naming the value.
    package func validate(named name: String) throws {
        try Self.check("\(name).defaultDeadline", defaultDeadline)
        try Self.check("\(name).maximumDeadline", maximumDeadline)
        guard defaultDeadline <= maximumDeadline else {
            throw RuntimeError(
                .invalidConfiguration,
                "\(name).defaultDeadline (\(defaultDeadline)) is above \(name).maximumDeadline (\(maximumDeadline))")
        }
        try Self.check("\(name).retryBytes", retryBytes, in: 0...(1 << 30))
        try Self.check("\(name).attempts", attempts, in: 1...100)
        guard (0...1_000).contains(retryRatio) else {
            throw RuntimeError(.invalidConfiguration, "\(name).retryRatio must be from 0 to 1000, not \(retryRatio)")
        }
        try Self.check("\(name).retryBurst", retryBurst, in: 0...1_000_000)
        try Self.check("\(name).firstRetryPause", firstRetryPause)
        try Self.check("\(name).longestRetryPause", longestRetryPause)
        try Self.check("\(name).maximumDepth", maximumDepth, in: 1...10_000)
        try Self.check("\(name).lateDataTimeout", lateDataTimeout)
        try Self.check("\(name).waiting.callsPerService", waiting.callsPerService, in: 1...10_000_000)
        try Self.check("\(name).waiting.calls", waiting.calls, in: 1...10_000_000)
    }

    /// Checks a time of a configuration.
    package static func check(_ name: String, _ value: Duration) throws {
        guard value > .zero, value <= .seconds(100 * 365 * 86_400) else {
            throw RuntimeError(.invalidConfiguration, "\(name) must be above zero and at most 100 years, not \(value)")
        }
    }

    /// Checks a number of a configuration.
    package static func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw RuntimeError(
                .invalidConfiguration,
                "\(name) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
    }

    /// The bounds of calls that come over a connection and end in this process.
    var handlers: GRPCConfiguration {
        var handlers = GRPCConfiguration()
        handlers.maximumDeadline = maximumDeadline
        handlers.maximumDepth = maximumDepth
        return handlers
    }

    /// The bounds of calls to handlers of this process.
    var inProcess: InProcessTransport.Configuration {
        var inProcess = InProcessTransport.Configuration()
        inProcess.maximumDepth = maximumDepth
        return inProcess
    }
}
