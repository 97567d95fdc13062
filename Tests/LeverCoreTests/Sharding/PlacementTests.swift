import LeverCore
import Testing

@Suite("Placing resources, and their names") struct PlacementTests {
    private func candidates(_ count: Int) -> [PlacementCandidate] {
        (0..<count).map { PlacementCandidate(instance: InstanceID("i-\($0)"), load: 0, resources: 0) }
    }

    @Test(
        arguments: [
            ([(3, 1), (2, 9), (2, 4)], 2), ([(0, 0)], 0), ([(1, 5), (1, 5)], 0), ([(9, 0), (0, 9)], 1),
        ] as [([(Int, Int)], Int)])
    func leastLoaded(loads: [(Int, Int)], expected: Int) {
        let candidates = loads.enumerated().map {
            PlacementCandidate(instance: InstanceID("i-\($0.offset)"), load: $0.element.0, resources: $0.element.1)
        }
        #expect(LeastLoadedPlacement().place(ResourceID("r"), among: candidates) == expected)
    }

    @Test func rendezvousIsTheSameInEveryProcess() {
        let chosen = (0..<12).map { RendezvousPlacement().place(ResourceID("room/\($0)"), among: candidates(5)) }
        // Worked out by another program.
        #expect(chosen == [2, 4, 1, 4, 1, 0, 4, 3, 3, 0, 2, 2])
    }

    @Test func rendezvousMovesOnlyWhatItMust() {
        let placement = RendezvousPlacement()
        let all = candidates(10)
        let fewer = Array(all.dropLast())
        var counts = [Int](repeating: 0, count: 10)
        for number in 0..<10_000 {
            let resource = ResourceID("room/\(number)")
            let chosen = placement.place(resource, among: all)
            counts[chosen] += 1
            if chosen < 9 { #expect(placement.place(resource, among: fewer) == chosen) }
            let turned = Array(all.reversed())
            #expect(turned[placement.place(resource, among: turned)] == all[chosen])
        }
        // 1,000 are expected on each, with a standard deviation of 30.
        #expect(counts.allSatisfy { (850...1150).contains($0) }, "\(counts)")
    }

    @Test func epochsRiseThroughTermsAndStayExactInJavaScript() throws {
        var epochs = EpochGenerator(term: 3)
        let made = [epochs.next(), epochs.next()]
        let (first, second) = (try #require(made[0]), try #require(made[1]))
        #expect(first == Epoch(term: 3, counter: 1) && first < second)
        #expect(first.rawValue == 3 << 32 + 1)
        epochs.raise(to: 3)
        let third = epochs.next()
        #expect(third == Epoch(term: 3, counter: 3))
        epochs.raise(to: 4)
        let fourth = epochs.next()
        #expect(fourth == Epoch(term: 4, counter: 1))
        let highest = Epoch(term: Epoch.terms.upperBound - 1, counter: .max)
        #expect(highest.rawValue == 1 << 53 - 1)
        #expect(highest.term == 1 << 21 - 1 && highest.counter == .max)
    }

    @Test func namesAreTheSameOnlyWhenTheirBytesAre() {
        let (composed, decomposed) = (ResourceID("caf\u{E9}"), ResourceID("cafe\u{301}"))
        #expect(composed.rawValue == decomposed.rawValue)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, ResourceID("caf\u{E9}")]).count == 2)
    }
}
