/// What a service's manifest says of its scaling.
public struct ScalingBounds: Sendable, Hashable {
    /// The load at which one instance is full: mean concurrent calls, more than 0.
    public var maxInstanceLoad: Double
    /// Instances that are kept even when idle.
    public var minInstances: Int
    /// The most instances.
    public var maxInstances: Int
    /// What one open channel counts as load, 0 or more.
    public var channelLoad: Double

    /// Makes bounds; the defaults are those of a manifest.
    public init(
        maxInstanceLoad: Double = 10, minInstances: Int = 0, maxInstances: Int = 10, channelLoad: Double = 0.01
    ) {
        self.maxInstanceLoad = maxInstanceLoad
        self.minInstances = minInstances
        self.maxInstances = maxInstances
        self.channelLoad = channelLoad
    }

    /// Takes the bounds from a manifest.
    public init(_ manifest: Manifest) {
        self.init(
            maxInstanceLoad: manifest.maxInstanceLoad, minInstances: manifest.minInstances,
            maxInstances: manifest.maxInstances, channelLoad: manifest.channelLoad)
    }

    /// The nearest number of instances that the bounds allow.
    public func clamped(_ count: Int) -> Int {
        max(min(count, maxInstances), minInstances, 0)
    }

    /// How many instances carry a load when each is filled to `share` of what it takes; 0 for no load, and never more than
    /// ``maxInstances``, whatever the load.
    public func instances(for load: Double, share: Double = 1) -> Int {
        guard load > 0 else { return 0 }
        let count = (load / (maxInstanceLoad * share)).rounded(.up)
        // Also where the division gives infinity or no number at all.
        guard count < Double(maxInstances) else { return maxInstances }
        return max(1, Int(count))
    }
}
