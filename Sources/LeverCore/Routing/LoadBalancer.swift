/// Chooses the instance that an ordinary call (one without a resource) goes to.
public protocol LoadBalancer: Sendable {
    /// Returns the index of the chosen one of `count` ready instances.
    ///
    /// `load` gives the calls in progress of the instance at an index; it reads one atomic word. `random` is the event
    /// loop's own generator. Called on the path of every call: it must not block or allocate.
    func pick(count: Int, load: (Int) -> Int, random: inout FastRandom) -> Int
}

/// Takes the less loaded of two instances drawn at random.
///
/// Two choices are enough to keep the longest queue near the mean, without the herd that "least loaded of all" makes when
/// several balancers see the same numbers (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
public struct PowerOfTwoChoices: LoadBalancer {
    /// Makes the balancer; it keeps no state.
    public init() {}

    /// The less loaded of two different instances drawn at random.
    public func pick(count: Int, load: (Int) -> Int, random: inout FastRandom) -> Int {
        guard count > 1 else { return 0 }
        let first = Int(random.next(upperBound: UInt64(count)))
        var second = Int(random.next(upperBound: UInt64(count - 1)))
        if second >= first { second += 1 }
        return load(first) <= load(second) ? first : second
    }
}
