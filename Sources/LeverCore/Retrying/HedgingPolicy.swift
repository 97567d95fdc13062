/// Whether idempotent calls that take long are made a second time before the first has failed; the first answer counts, and the
/// others are cancelled. It cuts off the slowest answers at the price of some more calls (Dean and Barroso, "The Tail at
/// Scale", 2013; gRPC's design A6, "Hedging").
public struct HedgingPolicy: Sendable, Hashable {
    /// How long a call may take before it is made again, beside the first: about the time within which 95 % are answered.
    public var delay: Duration
    /// How often a call is made at most, the first time included.
    public var maximumAttempts: Int

    /// Makes a policy: a second attempt after `delay`, where `maximumAttempts` allows a third after as long again.
    public init(delay: Duration, maximumAttempts: Int = 2) {
        self.delay = delay
        self.maximumAttempts = maximumAttempts
    }

    /// Checks both values.
    ///
    /// - Throws: ``RuntimeError`` that names the value and the rule that it breaks.
    public func validate() throws(RuntimeError) {
        guard delay >= .zero else {
            throw RuntimeError(.invalidConfiguration, "the hedging delay is \(delay); it should not be negative")
        }
        guard (2...100).contains(maximumAttempts) else {
            throw RuntimeError(
                .invalidConfiguration, "a hedged call is made \(maximumAttempts) times; it should be 2 to 100 times")
        }
    }
}
