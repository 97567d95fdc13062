public import LeverCore

/// What every `ScalingPolicy` must do.
public enum ScalingPolicyConformance: ConformanceSuite {
    /// All checks.
    public static let checks: [ConformanceCheck<any ScalingPolicy>] = [
        ConformanceCheck("what it wants is within the bounds, whatever is measured") { policy in
            for seed in 1...20 as ClosedRange<UInt64> {
                var policy = policy
                for sample in samples(seed: seed) { try expectBounds(policy.decide(sample), sample) }
            }
        },
        ConformanceCheck("measurements that are no numbers do no harm") { policy in
            var policy = policy
            for (number, load) in [Double.nan, .infinity, -.infinity, -1, 1e300].enumerated() {
                var sample = ScalingSample(at: start + .seconds(number), interval: .zero)
                sample.calls = load
                sample.channels = load
                sample.arrivalRate = load
                try expectBounds(policy.decide(sample), sample)
            }
        },
        ConformanceCheck("bounds may change from one question to the next") { policy in
            var policy = policy
            var sample = ScalingSample(at: start, interval: .seconds(1), calls: 50)
            for (number, (least, most)) in [(0, 10), (5, 5), (0, 1), (3, 100), (0, 10)].enumerated() {
                sample.at = start + .seconds(number)
                sample.bounds = ScalingBounds(minInstances: least, maxInstances: most)
                try expectBounds(policy.decide(sample), sample)
            }
        },
        ConformanceCheck("it says why") { policy in
            for sample in samples(seed: 99) {
                var policy = policy
                let directive = policy.decide(sample)
                try expect(!directive.reason.isEmpty, "no reason is given for \(directive.desired) instances")
            }
        },
        ConformanceCheck("the same measurements lead to the same decisions") { policy in
            for seed in 1...5 as ClosedRange<UInt64> {
                var (one, other) = (policy, policy)
                for sample in samples(seed: seed) {
                    try expect(one.decide(sample), is: other.decide(sample), "second decision at \(sample.at - start)")
                }
            }
        },
    ]

    private static let start = ContinuousClock.now

    private static func expectBounds(_ directive: ScalingDirective, _ sample: ScalingSample) throws {
        let bounds = sample.bounds
        try expect(
            directive.desired == bounds.clamped(directive.desired),
            "it wants \(directive.desired) instances (\(directive.reason)), where the bounds are \(bounds.minInstances) "
                + "to \(bounds.maxInstances)")
    }

    /// Ten minutes of a service whose load comes and goes, with instances that follow it.
    private static func samples(seed: UInt64) -> [ScalingSample] {
        var random = FastRandom(seed: seed)
        let bounds = ScalingBounds(
            maxInstanceLoad: Double(1 + random.next() % 20), minInstances: Int(random.next() % 3),
            maxInstances: 3 + Int(random.next() % 20))
        var load = 0.0
        return (0..<600).map { second in
            if random.next() % 20 == 0 { load = Double(random.next() % 300) * Double(random.next() % 2) }
            let instances = (0..<Int(random.next() % UInt64(bounds.maxInstances + 1))).map { number in
                ScalingSample.Instance(
                    id: InstanceID("i-\(number)"), state: [.starting, .ready, .draining][Int(random.next() % 3)],
                    calls: Int(load) / bounds.maxInstances, resources: Int(random.next() % 5),
                    mayReturn: random.next() % 2 == 0)
            }
            return ScalingSample(
                at: start + .seconds(second), interval: second == 0 ? .zero : .seconds(1), calls: load,
                channels: Double(random.next() % 10), waiting: instances.isEmpty ? Int(load) : 0,
                arrivalRate: load * 3, completed: Int(load) * 3, completedTime: .seconds(load),
                startTime: second < 5 ? nil : .seconds(1), bounds: bounds, instances: instances)
        }
    }
}
