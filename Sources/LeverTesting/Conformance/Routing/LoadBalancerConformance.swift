public import LeverCore
import Synchronization

/// What every `LoadBalancer` must do.
public enum LoadBalancerConformance: ConformanceSuite {
    /// All checks.
    public static let checks: [ConformanceCheck<any LoadBalancer>] = [
        ConformanceCheck("the only instance is chosen") { balancer in
            var random = FastRandom(seed: 1)
            for load in [0, 1, Int.max] {
                try expect(balancer.pick(count: 1, load: { _ in load }, random: &random), is: 0, "choice of one")
            }
        },
        ConformanceCheck("the choice is one of those that there are, whatever their loads") { balancer in
            var random = FastRandom(seed: 2)
            for count in [1, 2, 3, 5, 17, 1_000] {
                for _ in 0..<200 {
                    let loads = (0..<count).map { _ in Int(random.next() % 100) }
                    let choice = balancer.pick(
                        count: count, load: { loads.indices.contains($0) ? loads[$0] : 0 }, random: &random)
                    try expect((0..<count).contains(choice), "chose \(choice) of \(count)")
                }
            }
        },
        ConformanceCheck("only loads of instances that there are are asked for") { balancer in
            var random = FastRandom(seed: 3)
            let asked = Mutex<[Int]>([])
            for count in [1, 2, 7] {
                for _ in 0..<100 {
                    _ = balancer.pick(
                        count: count,
                        load: { index in
                            asked.withLock { $0.append(index) }
                            return 0
                        }, random: &random)
                }
                let wrong = asked.withLock { $0.filter { !(0..<count).contains($0) } }
                try expect(wrong, is: [], "loads of none of \(count) instances")
                asked.withLock { $0 = [] }
            }
        },
        ConformanceCheck("no instance is left without calls while all are given out") { balancer in
            var random = FastRandom(seed: 4)
            var loads = [Int](repeating: 0, count: 8)
            for _ in 0..<4_000 {
                let choice = balancer.pick(
                    count: 8, load: { loads.indices.contains($0) ? loads[$0] : 0 }, random: &random)
                try expect(loads.indices.contains(choice), "chose \(choice) of \(loads.count)")
                loads[choice] += 1
            }
            try expect(loads.allSatisfy { $0 > 0 }, "of 4000 calls the instances got \(loads)")
        },
        ConformanceCheck("it may be asked from many threads at once") { balancer in
            let wrong = await withTaskGroup(of: Int.self) { group in
                for seed in 0..<8 as Range<UInt64> {
                    group.addTask {
                        var random = FastRandom(seed: seed)
                        return (0..<2_000).count { index in
                            let count = 1 + index % 9
                            return !(0..<count).contains(
                                balancer.pick(count: count, load: { $0 }, random: &random))
                        }
                    }
                }
                return await group.reduce(0, +)
            }
            try expect(wrong, is: 0, "choices of none")
        },
    ]
}
