import Testing

@testable import LeverCore

@Suite("Measures of load")
struct LoadMeasureTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test("a meter weighs by time, also what comes and goes between two looks")
    func meter() {
        var meter = LoadMeter(at: start)
        #expect(meter.takeMean(at: start) == 0)
        meter.add(4, at: at(1))
        meter.add(-3, at: at(1.5))
        #expect(abs(meter.takeMean(at: at(2)) - (4 * 0.5 + 1 * 0.5) / 2) < 1e-9)
        #expect(abs(meter.takeMean(at: at(4)) - 1) < 1e-9)
        #expect(meter.takeMean(at: at(4)) == 1)
        // A clock that goes back adds nothing.
        meter.add(1, at: at(3))
        #expect(meter.count == 2)
        #expect(abs(meter.takeMean(at: at(5)) - 2) < 1e-9)
    }

    @Test("a window forgets what is older, pane by pane")
    func window() {
        var window = LoadWindow(.seconds(10), panes: 5)
        #expect(window.mean == 0 && window.peak(over: .seconds(10)) == 0)
        for second in 1...10 { window.add(8, for: .seconds(1), until: at(Double(second))) }
        #expect(abs(window.mean - 8) < 1e-9)
        for second in 11...14 { window.add(0, for: .seconds(1), until: at(Double(second))) }
        #expect(abs(window.mean - 8 * 0.6) < 1e-9)
        #expect(window.mean(over: .seconds(4)) == 0)
        #expect(window.peak(over: .seconds(4)) == 0)
        #expect(window.peak(over: .seconds(6)) == 8)
        for second in 15...20 { window.add(0, for: .seconds(1), until: at(Double(second))) }
        #expect(window.mean == 0 && window.peak(over: .seconds(10)) == 0)
    }

    @Test("a sample that is longer than a pane counts in each that it covers, one longer than the window in all of it")
    func longSamples() {
        var window = LoadWindow(.seconds(10), panes: 5)
        window.add(5, for: .seconds(7), until: at(7))
        window.add(1, for: .seconds(3), until: at(10))
        #expect(abs(window.mean - (35 + 3) / 10) < 1e-9)
        #expect(abs(window.mean(over: .seconds(4)) - (5 + 3) / 4) < 1e-9)
        window.add(2, for: .seconds(1000), until: at(1010))
        #expect(abs(window.mean - 2) < 1e-9)
        #expect(window.peak(over: .seconds(10)) == 2)
        // A gap empties it.
        window.add(3, for: .seconds(1), until: at(5000))
        #expect(abs(window.mean - 3) < 1e-9)
    }

    @Test("a window passes over times that go back and values that are no numbers")
    func badSamples() {
        var window = LoadWindow(.seconds(10), panes: 10)
        window.add(4, for: .seconds(1), until: at(100))
        window.add(9, for: .seconds(1), until: at(50))
        window.add(9, for: .seconds(1), until: at(98))
        window.add(9, for: .seconds(-1), until: at(100.5))
        window.add(.nan, for: .seconds(1), until: at(101))
        window.add(.infinity, for: .seconds(1), until: at(101))
        #expect(window.mean == 4)
        window.add(4, for: .zero, until: at(101))
        #expect(window.mean == 4)
    }

    @Test("a window agrees with the sum over all samples, at random times")
    func windowAgainstSum() {
        var random = FastRandom(seed: 11)
        var window = LoadWindow(.seconds(8), panes: 8)
        var samples: [(from: Double, to: Double, value: Double)] = []
        var time = 0.0
        for _ in 0..<3000 {
            let length = Double.random(in: 0.01...2.5, using: &random)
            let value = Double.random(in: 0...100, using: &random)
            samples.append((time, time + length, value))
            time += length
            window.add(value, for: .seconds(length), until: at(time))
            // The panes that are held: the newest, which may be filled in part, and seven whole ones.
            let oldest = max(0, time.rounded(.up) - 8)
            let held = samples.suffix(1000).map { (max(0, $0.to - max($0.from, oldest)), $0.value) }
            let expected = held.reduce(0) { $0 + $1.0 * $1.1 } / held.reduce(0) { $0 + $1.0 }
            #expect(abs(window.mean - expected) < 1e-3)
        }
    }

    @Test("an average comes to 1 − 1/e of a step after its time constant, however it is cut")
    func average() {
        for interval in [0.1, 1, 5] {
            var average = LoadAverage(timeConstant: .seconds(15))
            average.add(0, for: .seconds(1))
            for _ in 0..<Int(15 / interval) { average.add(100, for: .seconds(interval)) }
            #expect(abs(average.mean - 63.212) < 0.01)
        }
    }

    @Test("an average knows the scatter about it, and no value makes it no number")
    func scatter() {
        var average = LoadAverage(timeConstant: .seconds(100))
        #expect(average.mean == 0 && average.deviation == 0)
        for index in 0..<5000 { average.add(index.isMultiple(of: 2) ? 7 : 13, for: .seconds(1)) }
        #expect(abs(average.mean - 10) < 0.1 && abs(average.deviation - 3) < 0.05)
        average.add(.nan, for: .seconds(1))
        average.add(.infinity, for: .seconds(1))
        average.add(1e9, for: .zero)
        #expect(abs(average.mean - 10) < 0.1)
    }

    @Test("growth is what goes on, not a jump and not a fall")
    func trend() {
        func growth(_ load: (Int) -> Double) -> Double {
            var trend = LoadTrend()
            var most = 0.0
            for second in 0..<60 {
                trend.add(load(second), for: .seconds(1), until: at(Double(second + 1)))
                if second >= 12 { most = max(most, trend.growth) }
            }
            return most
        }
        let steady = growth { Double($0) * 2 }
        #expect(abs(steady - 2) < 0.7)
        for jump in 20..<26 { #expect(growth { $0 < jump ? 5 : 500 } == 0) }
        #expect(growth { 1000 - Double($0) } == 0)
        #expect(growth { _ in 40 } == 0)
    }

    @Test("noise is told from a rise")
    func noise() {
        var random = FastRandom(seed: 4)
        var rising = LoadNoise()
        var scattered = LoadNoise()
        for second in 0..<200 {
            rising.add(Double(second), for: .seconds(1))
            scattered.add(Double.random(in: 0...12, using: &random), for: .seconds(1))
        }
        #expect(rising.deviation < 1)
        #expect((2.4...4.6).contains(scattered.deviation))
        scattered.add(.nan, for: .seconds(1))
        scattered.add(.greatestFiniteMagnitude, for: .seconds(1))
        #expect(scattered.deviation.isFinite)
    }
}
