import LeverCore
import Testing

@Suite("Target load policy")
struct TargetLoadPolicyTests {
    // MARK: Up

    @Test("the first call that waits starts one instance at once, before any load was measured")
    func firstCall() {
        var service = ScalingHarness()
        let directive = service.step(waiting: 1, interval: .zero)
        #expect(directive.desired == 1)
        #expect(directive.reason == "a call waits")
    }

    @Test("a load that is much more than the instances take adds them at the next look, to its target")
    func upAtOnce() {
        var service = ScalingHarness()
        service.run(seconds: 30, calls: 5)
        #expect(service.count == 1)
        service.step(calls: 75)
        #expect(service.count >= 4)
        service.run(seconds: 3, calls: 75)
        #expect(service.count >= 8)
        #expect(service.last.desired <= 12)
    }

    @Test("at most ten start at the same time, and the reason says so")
    func atMostTenAtOnce() {
        var service = ScalingHarness()
        service.startTime = .seconds(5)
        service.run(seconds: 4, calls: 500)
        #expect(service.count == 10)
        #expect(service.ready == 0)
        service.run(seconds: 3, calls: 500)
        #expect(service.count > 10)
        #expect(service.count - service.ready <= 10)
        #expect(service.last.reason.contains("at most 10 start at a time"))
    }

    @Test("those that drain come back beside the ten that start")
    func returning() {
        var policy = TargetLoadPolicy()
        let draining = (0..<5).map { ScalingSample.Instance(id: InstanceID("\($0)"), state: .draining) }
        var sample = ScalingSample(
            at: .now, interval: .seconds(1), calls: 1000, bounds: .init(maxInstances: 100), instances: draining)
        #expect(policy.decide(sample).desired == 15)
        sample.instances = sample.instances.map {
            .init(id: $0.id, state: .draining, mayReturn: false)
        }
        policy = TargetLoadPolicy()
        #expect(policy.decide(sample).desired == 10)
    }

    @Test("a steady growth is met before it has come")
    func growth() {
        var service = ScalingHarness()
        service.startTime = .seconds(4)
        var over = 0
        for second in 0..<120 {
            let load = Double(second)
            service.step(calls: load)
            if second > 20, load > Double(service.ready) * 10 { over += 1 }
        }
        #expect(over == 0)
        #expect(service.count <= 15)
    }

    @Test("more load never asks for fewer instances", arguments: [0.0, 0.5, 9.9, 10, 10.1, 25, 99, 1000, 1e9, 1e300])
    func monotonic(load: Double) {
        func wanted(_ load: Double) -> Int {
            var service = ScalingHarness()
            service.run(seconds: 60, calls: load)
            return service.count
        }
        #expect(wanted(load) <= wanted(load * 1.1 + 0.1))
        #expect(wanted(load) <= 100)
    }

    // MARK: Down

    @Test("instances leave only after the quiet time, and as many stay as the load needs")
    func quietTime() {
        var service = ScalingHarness()
        service.run(seconds: 60, calls: 75)
        let before = service.count
        #expect((8...9).contains(before))
        service.run(seconds: 14, calls: 25)
        #expect(service.count == before)
        service.run(seconds: 60, calls: 25)
        #expect(service.count == 3)
    }

    @Test("instances that left too early are kept longer the next time, up to a bound, and less long again in calm")
    func adapts() {
        var service = ScalingHarness()
        let initial = service.policy.quietTime
        #expect(initial == .seconds(15))
        for _ in 0..<10 {
            service.run(seconds: 40, calls: 55)
            service.run(seconds: 40, calls: 5)
        }
        #expect(service.policy.quietTime > initial)
        #expect(service.policy.quietTime <= .seconds(120))
        // What comes and goes keeps its instances by now.
        let changes = service.changes
        for _ in 0..<3 {
            service.run(seconds: 40, calls: 55)
            service.run(seconds: 40, calls: 5)
        }
        #expect(service.changes == changes)
        for _ in 0..<12 {
            service.run(seconds: 400, calls: 55)
            service.run(seconds: 600, calls: 5)
        }
        #expect(service.policy.quietTime < .seconds(40))
    }

    @Test("the last instance leaves after the idle time, not before, and says why")
    func toZero() {
        var service = ScalingHarness()
        service.run(seconds: 10, calls: 1)
        #expect(service.count == 1)
        service.run(seconds: 59)
        #expect(service.count == 1)
        service.run(seconds: 2)
        #expect(service.count == 0)
        service.run(seconds: 100)
        #expect(service.count == 0)
        service.step(waiting: 1, interval: .zero)
        #expect(service.count == 1)
    }

    @Test("where calls come soon after the last instance has left, it stays longer the next time")
    func idleAdapts() {
        var service = ScalingHarness()
        for _ in 0..<6 {
            service.run(seconds: 30, calls: 2)
            service.run(seconds: 150)
        }
        #expect(service.policy.idleTime > .seconds(60))
        #expect(service.policy.idleTime <= .seconds(300))
        #expect(service.count == 1)
        service.run(seconds: 160)
        #expect(service.count == 0)
    }

    @Test("idle is not idle while a channel is open, whatever channels count")
    func openChannel() {
        var service = ScalingHarness(.init(maxInstances: 10, channelLoad: 0))
        service.run(seconds: 10, calls: 1, channels: 1)
        service.run(seconds: 300, channels: 1)
        #expect(service.count == 1)
        service.run(seconds: 70)
        #expect(service.count == 0)
    }

    // MARK: Bounds

    @Test("minInstances run without any load, and more than that leave")
    func minimum() {
        var service = ScalingHarness(.init(minInstances: 2, maxInstances: 5))
        #expect(service.step().desired == 2)
        #expect(service.last.reason == "minInstances is 2")
        service.run(seconds: 20, calls: 40)
        #expect(service.count >= 4)
        service.run(seconds: 500)
        #expect(service.count == 2)
    }

    @Test("never more than maxInstances, and the reason says that more would be needed")
    func maximum() {
        var service = ScalingHarness(.init(maxInstances: 3))
        service.run(seconds: 2, calls: 1000)
        #expect(service.last.desired == 3)
        service.run(seconds: 20, calls: 1000)
        #expect(service.count == 3)
        var one = ScalingHarness(.init(maxInstances: 1))
        #expect(one.step(calls: 1000).reason.contains("the most allowed"))
        #expect(one.count == 1)
    }

    @Test("bounds that change hold at the next look")
    func changedBounds() {
        var service = ScalingHarness(.init(maxInstances: 20))
        service.run(seconds: 30, calls: 95)
        #expect(service.count >= 10)
        service.bounds.maxInstances = 4
        service.step(calls: 95)
        #expect(service.count == 4)
        service.bounds = ScalingBounds(maxInstanceLoad: 10, minInstances: 12, maxInstances: 20)
        service.run(seconds: 2, calls: 0)
        #expect(service.count == 12)
    }

    // MARK: What could go wrong

    @Test("noise about a constant load makes no flapping", arguments: [8.0, 9.5, 10.5, 19, 47, 88], [UInt64(1), 2, 3])
    func noFlapping(load: Double, seed: UInt64) {
        var random = FastRandom(seed: seed)
        var service = ScalingHarness()
        func noisy() -> Double {
            // About as much as Poisson arrivals make: the sum of twelve uniform numbers is nearly normal.
            let normal = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
            return max(0, load + normal * load.squareRoot() * 0.8)
        }
        for _ in 0..<300 { service.step(calls: noisy()) }
        let before = service.changes
        var over = 0
        for _ in 0..<3600 {
            let load = noisy()
            if load > Double(service.ready) * 10 { over += 1 }
            service.step(calls: load)
        }
        #expect(service.changes - before <= 60, "in an hour")
        #expect(over < 180)
        #expect(Double(service.count) <= load / 10 + 3.5)
    }

    @Test("10,000 idle channels ask for what 100 calls would, not for 1,000 instances")
    func channels() {
        var service = ScalingHarness(.init(maxInstances: 10_000))
        service.run(seconds: 120, channels: 10_000)
        #expect((10...12).contains(service.count))
    }

    @Test("measurements that are no numbers do no harm")
    func notNumbers() {
        var service = ScalingHarness()
        service.run(seconds: 20, calls: 25)
        let before = service.count
        for strange in [Double.nan, .infinity, -.infinity, -5, 1e308, .greatestFiniteMagnitude] {
            let directive = service.step(calls: strange, channels: strange)
            #expect((0...100).contains(directive.desired))
        }
        service.step(calls: 25, interval: .zero)
        service.step(calls: 25, interval: .seconds(-3))
        service.step(calls: 25, interval: .seconds(1_000_000))
        service.run(seconds: 400, calls: 25)
        #expect(service.count <= before + 1 && service.count >= 3)
        let odd = ScalingBounds(maxInstanceLoad: .leastNonzeroMagnitude, maxInstances: 7)
        var tiny = ScalingHarness(odd)
        tiny.run(seconds: 5, calls: 1e300)
        #expect(tiny.count == 7)
    }

    @Test("configurations that make no sense are refused with their name")
    func configuration() throws {
        try TargetLoadPolicy.Configuration().validate()
        let cases: [(String, (inout TargetLoadPolicy.Configuration) -> Void)] = [
            ("panicWindow", { $0.panicWindow = .zero }), ("stableWindow", { $0.stableWindow = .seconds(-1) }),
            ("quietTime", { $0.quietTime = .zero }), ("maxQuietTime", { $0.maxQuietTime = .seconds(1) }),
            ("idleTime", { $0.idleTime = .zero }), ("maxIdleTime", { $0.maxIdleTime = .seconds(1) }),
            ("panicMargin", { $0.panicMargin = -1 }),
            ("stableMargin", { $0.stableMargin = .nan }), ("growthLead", { $0.growthLead = .infinity }),
            ("stableShare", { $0.stableShare = 0 }), ("stableShare", { $0.stableShare = 1.1 }),
            ("maxStarting", { $0.maxStarting = 0 }),
        ]
        for (name, change) in cases {
            var configuration = TargetLoadPolicy.Configuration()
            change(&configuration)
            let error = #expect(throws: RuntimeError.self) { try configuration.validate() }
            #expect(error?.message.hasPrefix(name) == true, "\(error?.message ?? "")")
        }
    }
}
