public import LeverCore

/// What every `ResourcePlacement` must do.
public enum ResourcePlacementConformance: ConformanceSuite {
    /// All checks.
    public static let checks: [ConformanceCheck<any ResourcePlacement>] = [
        ConformanceCheck("the only candidate is chosen, whatever the resource is called") { placement in
            let candidates = [candidate(0)]
            for name in names { try expect(placement.place(ResourceID(name), among: candidates), is: 0, "\"\(name)\"") }
        },
        ConformanceCheck("the choice is one of the candidates") { placement in
            var random = FastRandom(seed: 1)
            for count in [2, 3, 10, 500] {
                for number in 0..<200 {
                    let candidates = (0..<count).map {
                        candidate($0, load: Int(random.next() % 50), resources: Int(random.next() % 1_000))
                    }
                    let choice = placement.place(ResourceID("r\(number)"), among: candidates)
                    try expect(candidates.indices.contains(choice), "chose \(choice) of \(count)")
                }
            }
        },
        ConformanceCheck("loads and counts may be as large as numbers are") { placement in
            let candidates = [
                candidate(0, load: .max, resources: .max), candidate(1, load: .max / 2, resources: 0),
                candidate(2, load: 0, resources: .max),
            ]
            for name in names {
                let choice = placement.place(ResourceID(name), among: candidates)
                try expect(candidates.indices.contains(choice), "chose \(choice) of 3 for \"\(name)\"")
            }
        },
        ConformanceCheck("the same question has the same answer") { placement in
            for number in 0..<300 {
                let candidates = (0..<(1 + number % 7)).map { candidate($0, load: $0 * 7 % 5, resources: number % 11) }
                let resource = ResourceID("r\(number)")
                let first = placement.place(resource, among: candidates)
                for _ in 1...3 {
                    try expect(placement.place(resource, among: candidates), is: first, "candidate for \(resource)")
                }
            }
        },
        ConformanceCheck("no candidate is left without resources while many are placed") { placement in
            var counts = [Int](repeating: 0, count: 6)
            for number in 0..<3_000 {
                let candidates = counts.enumerated().map { candidate($0.offset, load: 0, resources: $0.element) }
                let choice = placement.place(ResourceID("resource \(number)"), among: candidates)
                try expect(counts.indices.contains(choice), "chose \(choice) of \(counts.count)")
                counts[choice] += 1
            }
            try expect(counts.allSatisfy { $0 > 0 }, "of 3000 resources the candidates got \(counts)")
        },
    ]

    private static let names = ["", "a", "a/b/c", "grüße", String(repeating: "x", count: 1_024)]

    private static func candidate(_ number: Int, load: Int = 0, resources: Int = 0) -> PlacementCandidate {
        PlacementCandidate(instance: InstanceID("chat-1-\(number)"), load: load, resources: resources)
    }
}
