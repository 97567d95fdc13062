import LeverCore
import Testing

@testable import ScalingSimulation

@Suite("Simulation of scaling")
struct SimulationTests {
    /// Always the same number.
    private struct Fixed: SimulatedPolicy {
        let name = "fixed"
        let interval = 1.0
        let count: Int

        mutating func decide(_ sample: ScalingSample) -> ScalingDirective {
            ScalingDirective(desired: count, reason: "fixed")
        }
    }

    private func parameters(load: Double = 2, start: Double = 1) -> Simulation.Parameters {
        var parameters = Simulation.Parameters()
        parameters.bounds = ScalingBounds(maxInstanceLoad: load, maxInstances: 100)
        parameters.startTime = start
        return parameters
    }

    @Test("a call that fits waits for the start alone, and is counted over target until then")
    func oneCall() {
        let load = Load(name: "one", length: 10, calls: [.init(at: 0, duration: 3)])
        let outcome = Simulation.run(load, Fixed(count: 1), parameters())
        #expect(outcome.starts == 1)
        #expect(abs(outcome.instanceSeconds - 10) < 1e-9)
        #expect((0.75...1.25).contains(outcome.wait99))
        // The first second is over, and the second one as far as the start reached into it.
        #expect(outcome.secondsOverTarget == 1 || outcome.secondsOverTarget == 2)
    }

    @Test("an instance works on as many calls at once as its load allows and keeps the others in their order")
    func queueing() {
        let calls = (0..<5).map { _ in Load.Call(at: 5, duration: 4) }
        let load = Load(name: "five", length: 30, calls: calls)
        let outcome = Simulation.run(load, Fixed(count: 1), parameters(load: 2))
        // Two at once: the fifth begins when two pairs are through.
        #expect(abs(outcome.wait99 - 8) < 1e-9)
        // Five, then three in the system, then one: over two for eight seconds.
        #expect(outcome.secondsOverTarget == 8)
    }

    @Test("calls that nobody takes up to the end count as waiting until then")
    func unserved() {
        let load = Load(name: "none", length: 10, calls: [.init(at: 2, duration: 1), .init(at: 3, duration: 1)])
        let outcome = Simulation.run(load, Fixed(count: 0), parameters())
        #expect(outcome.starts == 0 && outcome.instanceSeconds == 0)
        #expect(abs(outcome.wait99 - 8) < 1e-9)
        #expect(outcome.secondsOverTarget == 8)
    }

    /// A number that changes with time.
    private struct Scheduled: SimulatedPolicy {
        let name = "scheduled"
        let interval = 1.0
        var first: ContinuousClock.Instant?
        let count: @Sendable (Double) -> Int

        mutating func decide(_ sample: ScalingSample) -> ScalingDirective {
            let start = first ?? sample.at
            first = start
            return ScalingDirective(desired: count((sample.at - start) / .seconds(1)), reason: "scheduled")
        }
    }

    @Test("a drained instance finishes its calls before it ends, and comes back when wanted before")
    func draining() {
        let load = Load(name: "long", length: 40, calls: [.init(at: 5, duration: 20)])
        let gone = Simulation.run(load, Scheduled { $0 < 10 ? 1 : 0 }, parameters())
        #expect(gone.starts == 1)
        #expect(abs(gone.instanceSeconds - 25) < 1e-9)
        let back = Simulation.run(load, Scheduled { $0 < 10 || $0 > 15 ? 1 : 0 }, parameters())
        #expect(back.starts == 1)
        #expect(abs(back.instanceSeconds - 40) < 1e-9)
    }

    @Test("channels count at their weight, and keep nothing busy")
    func channels() {
        var calls = (0..<1000).map { _ in Load.Call(at: 5, duration: 100, isChannel: true) }
        calls.append(.init(at: 6, duration: 1))
        let load = Load(name: "channels", length: 20, calls: calls)
        var parameters = parameters(load: 10)
        parameters.bounds.channelLoad = 0.005
        let light = Simulation.run(load, Fixed(count: 1), parameters)
        #expect(light.secondsOverTarget == 0 && light.wait99 == 0)
        parameters.bounds.channelLoad = 0.02
        #expect(Simulation.run(load, Fixed(count: 1), parameters).secondsOverTarget == 15)
    }

    @Test("the same seed gives the same figures, another one others")
    func seeds() throws {
        let load = try #require(Load.synthetic(seed: 3, only: "step").first)
        let again = try #require(Load.synthetic(seed: 3, only: "step").first)
        let other = try #require(Load.synthetic(seed: 4, only: "step").first)
        #expect(load.calls == again.calls)
        #expect(load.calls != other.calls)
        #expect(Simulation.run(load, DefaultPolicy()) == Simulation.run(load, DefaultPolicy()))
    }

    @Test("synthetic loads have the rates that they claim")
    func rates() throws {
        let loads = Load.synthetic(seed: 7)
        #expect(Set(loads.map(\.name)).count == loads.count)
        for load in loads {
            #expect(zip(load.calls, load.calls.dropFirst()).allSatisfy { $0.at <= $1.at }, "\(load.name)")
            #expect(load.calls.allSatisfy { $0.at >= 0 && $0.at < load.length && $0.duration > 0 }, "\(load.name)")
        }
        let steady = try #require(loads.first { $0.name == "steady" })
        #expect(abs(Double(steady.calls.count) / 1800 - 90) < 2)
        let mean = steady.calls.reduce(0) { $0 + $1.duration } / Double(steady.calls.count)
        #expect(abs(mean - 0.5) < 0.01)
        let tail = try #require(loads.first { $0.name == "heavy tail" })
        #expect(tail.calls.allSatisfy { (0.02...120).contains($0.duration) })
        let idle = try #require(loads.first { $0.name == "on-off" }).calls.filter {
            $0.at.truncatingRemainder(dividingBy: 180) > 60
        }
        #expect(idle.isEmpty)
    }

    @Test("events come by time, and at one moment in the order in which they were added")
    func events() {
        var queue = EventQueue<Int>()
        var random = FastRandom(seed: 5)
        var expected: [(Double, Int)] = []
        for number in 0..<500 {
            let time = Double(Int.random(in: 0..<50, using: &random))
            queue.add(number, at: time)
            expected.append((time, number))
        }
        expected.sort { $0 < $1 }
        for (time, number) in expected {
            #expect(queue.next == time)
            let first = queue.removeFirst()
            #expect(first?.event == number)
        }
        #expect(queue.removeFirst() == nil)
    }
}
