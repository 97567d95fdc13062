import LeverCore
import Testing

@testable import ScalingSimulation

@Suite("Policies beside the default one")
struct PeerTests {
    /// Asks a policy at its interval; what it wants is ready at the next look.
    private struct Run {
        var policy: any SimulatedPolicy
        var now = ContinuousClock.now
        var count = 0

        mutating func run(seconds: Int, load: Double) {
            let interval = Duration.seconds(policy.interval)
            for _ in 0..<Int(Double(seconds) / policy.interval) {
                now += interval
                let directive = policy.decide(
                    ScalingSample(
                        at: now, interval: interval, calls: load, arrivalRate: load, completed: Int(load),
                        completedTime: interval * load, bounds: .init(maxInstances: 100),
                        instances: (0..<count).map { .init(id: InstanceID("\($0)"), state: .ready) }))
                count = directive.desired
            }
        }
    }

    @Test(
        "the default policy is over target for fewer seconds with fewer instances than both when load comes in spikes")
    func spikes() throws {
        let load = try #require(Load.synthetic(seed: 5, only: "spike").first)
        let own = Simulation.run(load, DefaultPolicy())
        let peers = [
            Simulation.run(load, LegacyPolicy()),
            Simulation.run(load, WindowPolicy(name: "knative", utilization: 0.7)),
        ]
        for peer in peers {
            #expect(own.secondsOverTarget < peer.secondsOverTarget, "\(own), \(peer), seed 5")
            #expect(own.instanceSeconds < peer.instanceSeconds, "\(own), \(peer), seed 5")
        }
    }

    @Test(
        "the old policy adds at most ten at once, lets go after 45 s of low load, of the last one after five idle minutes"
    )
    func old() {
        var run = Run(policy: LegacyPolicy())
        run.run(seconds: 1, load: 300)
        #expect(run.count == 10)
        run.run(seconds: 5, load: 300)
        #expect(run.count == 30)
        run.run(seconds: 44, load: 0)
        #expect(run.count >= 30)
        run.run(seconds: 200, load: 0)
        #expect(run.count == 1)
        run.run(seconds: 50, load: 0)
        #expect(run.count == 1)
        run.run(seconds: 10, load: 0)
        #expect(run.count == 0)
    }

    @Test(
        "Knative's fills to its share, panics at twice the instances, then keeps them for a minute, and goes to zero in 90 s"
    )
    func knative() {
        var run = Run(policy: WindowPolicy(name: "k", utilization: 0.7))
        run.run(seconds: 120, load: 14)
        #expect(run.count == 2)
        run.run(seconds: 6, load: 56)
        #expect(run.count == 8)
        run.run(seconds: 50, load: 14)
        #expect(run.count == 8)
        run.run(seconds: 120, load: 14)
        #expect(run.count == 2)
        run.run(seconds: 60, load: 0)
        #expect(run.count == 1)
        run.run(seconds: 26, load: 0)
        #expect(run.count == 1)
        run.run(seconds: 10, load: 0)
        #expect(run.count == 0)
    }
}
