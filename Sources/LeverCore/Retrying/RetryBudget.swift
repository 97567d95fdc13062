/// How many retries a client may still make: where most calls fail, retries stop, so that they do not keep down what is down
/// already. The rule is gRPC's (A6, "Throttling Retry Attempts and Hedged RPCs"): each failure takes a token, each success
/// gives a part of one back, and retries are made while more than half of the tokens are there.
public struct RetryBudget: Sendable, Equatable {
    /// The bounds of a budget.
    public struct Configuration: Sendable, Hashable {
        /// The most tokens, which are there from the start.
        public var tokens = 20.0
        /// What a call that was answered gives back.
        public var ratio = 0.1

        /// Makes the defaults: 20 tokens, a tenth for each success.
        public init() {}

        func validate() throws(RuntimeError) {
            guard tokens > 0, tokens.isFinite, ratio > 0, ratio.isFinite else {
                throw RuntimeError(
                    .invalidConfiguration,
                    "a retry budget of \(tokens) tokens and the ratio \(ratio) allows no retries; both should be more than 0"
                )
            }
        }
    }

    /// The bounds.
    public let configuration: Configuration
    /// The tokens that are left.
    public private(set) var tokens: Double

    /// Makes a full budget.
    public init(_ configuration: Configuration = .init()) {
        self.configuration = configuration
        tokens = configuration.tokens
    }

    /// Whether a retry may be made now.
    public var allowsRetry: Bool { tokens > configuration.tokens / 2 }

    /// Counts a call that was answered.
    public mutating func succeeded() {
        tokens = min(configuration.tokens, tokens + configuration.ratio)
    }

    /// Counts an attempt that failed in a way that a retry could mend.
    public mutating func failed() {
        tokens = max(0, tokens - 1)
    }
}
