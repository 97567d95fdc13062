import LeverCore
import Testing

@testable import LeverClient

@Suite struct HostTableTests {
    private let start = ContinuousClock.now
    private let balancer = PowerOfTwoChoices()

    private func table(_ count: Int, seed: UInt64 = 1) -> HostTable {
        HostTable(count: count, backoff: Backoff(initial: .seconds(1), maximum: .seconds(8)), seed: seed)
    }

    private func picked(_ table: inout HostTable, tried: [Int] = [], after: Duration = .zero) -> HostTable.Pick? {
        table.pick(tried: tried, at: start + after, balancer)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func callsSpreadByLoad(seed: UInt64) {
        var table = table(4, seed: seed)
        for _ in 0..<400 { _ = picked(&table) }
        // Of two random hosts the less loaded one: all are near the mean.
        for host in 0..<4 { #expect((90...110).contains(table.load(of: host)), "\(table.load(of: host))") }
    }

    @Test func whatHasEndedIsNoLoad() throws {
        var table = table(2)
        let first = try #require(picked(&table)).host
        let second = try #require(picked(&table)).host
        #expect(first != second)
        table.ended(first)
        #expect(picked(&table)?.host == first)
        #expect(table.load(of: second) == 1)
    }

    @Test func hostsThatWereTriedAreNotTriedAgain() {
        var table = table(3)
        #expect(picked(&table, tried: [0, 2])?.host == 1)
        #expect(picked(&table, tried: [0, 1, 2]) == nil)
    }

    @Test func aHostThatCannotBeReachedIsLeftAloneForItsTime() {
        var table = table(2)
        table.unreachable(0, at: start)
        #expect(!table.isReady(0))
        for _ in 0..<10 { #expect(picked(&table, after: .milliseconds(499)) == HostTable.Pick(host: 1)) }
        // The call that finds the time over has it probed, once, and goes to the other.
        #expect(picked(&table, after: .seconds(2)) == HostTable.Pick(host: 1, probes: [0]))
        #expect(picked(&table, after: .seconds(2)) == HostTable.Pick(host: 1))
        table.reached(0)
        #expect(table.isReady(0))
        #expect(picked(&table, after: .seconds(2))?.host == 0)
    }

    @Test func theTimeGrowsWithFailuresAndStartsAnewAfterSuccess() {
        var table = table(2)
        var now = start
        for longest in [1, 2, 4, 8, 8] {
            table.unreachable(0, at: now)
            let early = table.pick(tried: [], at: now + .seconds(longest) / 2 - .milliseconds(1), balancer)
            #expect(early?.probes == [])
            now += .seconds(longest)
            #expect(table.pick(tried: [], at: now, balancer)?.probes == [0])
        }
        table.reached(0)
        table.unreachable(0, at: now)
        #expect(table.pick(tried: [], at: now + .seconds(1), balancer)?.probes == [0])
    }

    @Test func manyFailuresAtOneMomentAreOne() {
        var table = table(2)
        for _ in 0..<10 { table.unreachable(0, at: start) }
        #expect(picked(&table, after: .seconds(1))?.probes == [0])
    }

    @Test func whereNoneIsReadyCallsTryTheOneThatIsDueFirst() {
        var table = table(3)
        table.unreachable(2, at: start)
        table.unreachable(0, at: start + .seconds(10))
        table.unreachable(1, at: start + .seconds(20))
        // Nothing is probed: the calls themselves try.
        #expect(picked(&table, after: .seconds(21)) == HostTable.Pick(host: 2))
        #expect(picked(&table, tried: [2], after: .seconds(21)) == HostTable.Pick(host: 0))
        #expect(picked(&table, tried: [2, 0], after: .seconds(21)) == HostTable.Pick(host: 1))
        table.reached(2)
        let later = Duration.seconds(20) + .milliseconds(400)
        #expect(picked(&table, after: later) == HostTable.Pick(host: 2, probes: [0]))
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func whateverHappensLoadIsKeptAndReadyHostsAreChosen(seed: UInt64) {
        var random = FastRandom(seed: seed)
        var table = table(5, seed: seed)
        var now = start
        var load = [0, 0, 0, 0, 0]
        for _ in 0..<2_000 {
            now += .milliseconds(Int.random(in: 0..<300, using: &random))
            let host = Int.random(in: 0..<5, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: table.unreachable(host, at: now)
            case 1: table.reached(host)
            case 2 where load[host] > 0:
                table.ended(host)
                load[host] -= 1
            default:
                let tried = (0..<5).filter { _ in Bool.random(using: &random) }
                guard let pick = table.pick(tried: tried, at: now, balancer) else {
                    #expect(tried.count == 5)
                    continue
                }
                #expect(!tried.contains(pick.host))
                let others = (0..<5).filter { !tried.contains($0) && table.isReady($0) }
                #expect(others.isEmpty || others.contains(pick.host))
                #expect(pick.probes.allSatisfy { !table.isReady($0) })
                load[pick.host] += 1
            }
            #expect((0..<5).map(table.load) == load)
        }
    }
}
