import LeverCore
import Testing

@Suite("Balancing")
struct LoadBalancerTests {
    @Test("takes the less loaded of two, and every instance at equal load", arguments: 1...5)
    func evenLoad(count: Int) {
        var random = FastRandom(seed: 1)
        var picks = [Int](repeating: 0, count: count)
        for _ in 0..<(1000 * count) {
            picks[PowerOfTwoChoices().pick(count: count, load: { _ in 3 }, random: &random)] += 1
        }
        for pick in picks { #expect((700...1300).contains(pick)) }
    }

    @Test("never takes the one that is more loaded than all others")
    func busiest() {
        var random = FastRandom(seed: 2)
        for _ in 0..<1000 {
            let pick = PowerOfTwoChoices().pick(count: 4, load: { $0 == 2 ? 9 : $0 }, random: &random)
            #expect(pick != 2)
        }
    }

    @Test("loads stay close to the mean")
    func spread() {
        var random = FastRandom(seed: 3)
        var loads = [Int](repeating: 0, count: 50)
        for _ in 0..<5000 { loads[PowerOfTwoChoices().pick(count: 50, load: { loads[$0] }, random: &random)] += 1 }
        #expect(loads.max()! <= 105 && loads.min()! >= 90)
    }

    @Test("the generator is SplitMix64")
    func splitMix() {
        var random = FastRandom(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }
}
