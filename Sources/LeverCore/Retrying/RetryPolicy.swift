/// Which calls a client makes again when they failed, how often, and how long it waits. The words are those of gRPC's design
/// A6, "Client Retries".
///
/// A call that certainly was not begun (``RPCError/didNotBegin``) can be made again whatever its method does. One that may have
/// been begun is made again only where the caller says that its method is idempotent, and the error's code is one of
/// ``retryableCodes``. A method's own error is an answer and never tried again.
public struct RetryPolicy: Sendable, Hashable {
    /// How often a call is made at most, the first time included.
    public var maximumAttempts = 4
    /// The wait before each further attempt.
    public var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
    /// The codes after which an idempotent call is made again.
    public var retryableCodes: Set<RPCError.Code> = [.unavailable]
    /// What keeps retries from adding to the load of a host that cannot bear it.
    public var budget = RetryBudget.Configuration()

    /// Makes a policy of the defaults.
    public init() {}

    /// Up to four attempts, 50 ms to 2 s apart, after `UNAVAILABLE` where a call is idempotent.
    public static var defaults: RetryPolicy { RetryPolicy() }

    /// Checks every value.
    ///
    /// - Throws: ``RuntimeError`` that names the value and the rule that it breaks.
    public func validate() throws(RuntimeError) {
        guard (1...100).contains(maximumAttempts) else {
            throw RuntimeError(
                .invalidConfiguration, "maximumAttempts is \(maximumAttempts); it should be from 1 to 100")
        }
        try backoff.validate()
        try budget.validate()
    }
}
