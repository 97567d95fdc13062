#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif
import LeverCore

extension Load {
    /// The synthetic loads, or the one of a name, each half an hour or more; the same seed gives the same calls.
    package static func synthetic(seed: UInt64, only name: String? = nil) -> [Load] {
        let makers: [(name: String, make: (inout FastRandom) -> Load)] = [
            ("steady", steady), ("step", step), ("ramp", ramp), ("spike", spike), ("on-off", onOff),
            ("diurnal", diurnal), ("bursts", bursts), ("heavy tail", heavyTail), ("channels", channels),
        ]
        var seeds = FastRandom(seed: seed)
        return makers.compactMap { maker in
            var random = FastRandom(seed: seeds.next())
            return name == nil || name == maker.name ? maker.make(&random) : nil
        }
    }

    /// The same rate all the time.
    static func steady(_ random: inout FastRandom) -> Load {
        Load(
            name: "steady", length: 1800,
            calls: poisson(length: 1800, highest: 90, duration: .exponential(mean: 0.5), random: &random) { _ in 90 })
    }

    /// From little to much and back, at once.
    static func step(_ random: inout FastRandom) -> Load {
        Load(
            name: "step", length: 1800,
            calls: poisson(length: 1800, highest: 200, duration: .exponential(mean: 0.5), random: &random) {
                $0 < 600 || $0 >= 1200 ? 30 : 200
            })
    }

    /// Ten minutes up, ten minutes down, then nothing.
    static func ramp(_ random: inout FastRandom) -> Load {
        Load(
            name: "ramp", length: 1800,
            calls: poisson(length: 1800, highest: 240, duration: .exponential(mean: 0.5), random: &random) {
                max(0, $0 < 600 ? 240 * $0 / 600 : 240 * (1200 - $0) / 600)
            })
    }

    /// Little, and for 20 s of every ten minutes ten times as much.
    static func spike(_ random: inout FastRandom) -> Load {
        Load(
            name: "spike", length: 3600,
            calls: poisson(length: 3600, highest: 160, duration: .exponential(mean: 0.5), random: &random) {
                $0.truncatingRemainder(dividingBy: 600) >= 300 && $0.truncatingRemainder(dividingBy: 600) < 320
                    ? 160 : 16
            })
    }

    /// A minute on, two minutes off.
    static func onOff(_ random: inout FastRandom) -> Load {
        Load(
            name: "on-off", length: 3600,
            calls: poisson(length: 3600, highest: 100, duration: .exponential(mean: 0.5), random: &random) {
                $0.truncatingRemainder(dividingBy: 180) < 60 ? 100 : 0
            })
    }

    /// A day squeezed into two hours, with noise that lasts about half a minute.
    static func diurnal(_ random: inout FastRandom) -> Load {
        var noise = 0.0
        var noises: [Double] = []
        for _ in 0..<7200 {
            // An autoregressive process: a step each second.
            noise = noise * 0.97 + Double.random(in: -1...1, using: &random) * 0.08
            noises.append(noise)
        }
        return Load(
            name: "diurnal", length: 7200,
            calls: poisson(length: 7200, highest: 300, duration: .exponential(mean: 0.5), random: &random) {
                min(300, max(0, (80 - 75 * cos($0 / 7200 * 2 * .pi)) * (1 + noises[min(7199, Int($0))])))
            })
    }

    /// A Poisson process whose rate jumps between low and high at random (a Markov-modulated one).
    static func bursts(_ random: inout FastRandom) -> Load {
        var rates: [Double] = []
        var isHigh = false
        while rates.count < 3600 {
            let mean = isHigh ? 15.0 : 60.0
            let length = -mean * log(1 - Double.random(in: 0..<1, using: &random))
            let rate = isHigh ? Double.random(in: 60...200, using: &random) : 20
            rates += [Double](repeating: rate, count: max(1, Int(length)))
            isHigh.toggle()
        }
        return Load(
            name: "bursts", length: 3600,
            calls: poisson(length: 3600, highest: 200, duration: .exponential(mean: 0.5), random: &random) {
                rates[min(3599, Int($0))]
            })
    }

    /// Durations from 20 ms to two minutes.
    static func heavyTail(_ random: inout FastRandom) -> Load {
        Load(
            name: "heavy tail", length: 3600,
            calls: poisson(
                length: 3600, highest: 150, duration: .heavyTail(shortest: 0.02, longest: 120, alpha: 1.1),
                random: &random
            ) { 100 + 50 * sin($0 / 600 * 2 * .pi) })
    }

    /// 10,000 channels that open in a quarter of an hour, stay open for about as long, and do little; and some calls.
    static func channels(_ random: inout FastRandom) -> Load {
        var calls = poisson(length: 3600, highest: 40, duration: .exponential(mean: 0.5), random: &random) {
            20 + 20 * sin($0 / 900 * 2 * .pi)
        }
        let channels = poisson(length: 900, highest: 11, duration: .exponential(mean: 900), random: &random) { _ in 11 }
        calls += channels.map { Call(at: $0.at, duration: $0.duration, isChannel: true) }
        return Load(name: "channels", length: 3600, calls: calls)
    }
}
