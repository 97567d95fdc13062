/// Bounds how much repeated calls add to what instances have to do: a bucket of tokens, into which each call puts a part of
/// one, and from which each repetition takes a whole one (Finagle's retry budget; the numbers are those of gRPC's retry
/// throttling, gRFC A6). When many instances refuse at once, repetitions stop instead of doubling the load.
struct RetryBudget {
    private let ratio: Double
    private let burst: Double
    private(set) var tokens: Double

    /// Makes a full bucket.
    init(ratio: Double, burst: Int) {
        self.ratio = ratio
        self.burst = Double(burst)
        tokens = self.burst
    }

    /// A call begins.
    mutating func callBegan() {
        tokens = min(burst, tokens + ratio)
    }

    /// Whether a call may be repeated; takes its token.
    mutating func take() -> Bool {
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
