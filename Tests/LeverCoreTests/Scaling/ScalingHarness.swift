import LeverCore

/// A service in virtual time: the policy is asked once a second, and what it wants is there after the start time.
struct ScalingHarness {
    var policy: TargetLoadPolicy
    var bounds: ScalingBounds
    var startTime: Duration = .seconds(1)
    private(set) var now = ContinuousClock.now
    private(set) var instances: [(state: InstanceState, ready: ContinuousClock.Instant)] = []
    /// How often the number of instances that is wanted changed.
    private(set) var changes = 0
    private(set) var last = ScalingDirective(desired: 0, reason: "")

    init(_ bounds: ScalingBounds = .init(maxInstances: 100), _ configuration: TargetLoadPolicy.Configuration = .init())
    {
        self.bounds = bounds
        policy = TargetLoadPolicy(configuration: configuration)
    }

    var count: Int { instances.count }
    var ready: Int { instances.count { $0.state == .ready } }

    /// Lets time pass and asks.
    @discardableResult
    mutating func step(
        calls: Double = 0, channels: Double = 0, waiting: Int = 0, interval: Duration = .seconds(1)
    ) -> ScalingDirective {
        now += interval
        for index in instances.indices where instances[index].ready <= now { instances[index].state = .ready }
        let sample = ScalingSample(
            at: now, interval: interval, calls: calls, channels: channels, waiting: waiting,
            arrivalRate: calls.isFinite ? calls : 0, startTime: startTime, bounds: bounds,
            instances: instances.indices.map { .init(id: InstanceID("\($0)"), state: instances[$0].state) })
        last = policy.decide(sample)
        if last.desired != count { changes += 1 }
        while count > max(0, last.desired) { instances.removeLast() }
        while count < last.desired { instances.append((.starting, now + startTime)) }
        return last
    }

    /// Steps of a second with the same load.
    mutating func run(seconds: Int, calls: Double = 0, channels: Double = 0) {
        for _ in 0..<seconds { step(calls: calls, channels: channels) }
    }
}
