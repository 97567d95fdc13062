import LeverCore
import Testing

/// Random events in random order, with answers that come late, twice or never.
@Suite("Resources, at random") struct ResourceDirectoryRandomTests {
    @Test(arguments: [UInt64](1...30)) func alwaysHolds(seed: UInt64) {
        let world = ResourceWorld(seed: seed)
        world.schedule(.act, in: 0)
        world.run(for: .seconds(400))
        // Nothing new happens; what is under way comes to its end.
        world.isQuiet = true
        world.run(for: .seconds(300))
        #expect(world.fault == nil)
        #expect(world.waiting.isEmpty, "calls wait for ever, seed \(seed)")
        #expect(world.movesAsked.values.allSatisfy { $0 == 0 }, "moves never ended, seed \(seed)")
        for standing in world.directory.standings {
            #expect(standing.phase == .active, "\(standing) is left over, seed \(seed)")
        }
        for instance in world.directory.knownInstances where instance.isLeaving {
            #expect(instance.resources == 0, "\(instance.id) never gave up its resources, seed \(seed)")
        }
        #expect(world.counts["activated", default: 0] > 50, "too little happened, seed \(seed)")

        world.handle(.shutdown)
        world.run(for: .seconds(300))
        #expect(world.fault == nil)
        #expect(world.hasStopped, "\(Array(world.directory.standings)) are left, seed \(seed)")
        #expect(world.directory.count == 0 && world.routes.isEmpty, "residue, seed \(seed)")
        for (id, instance) in world.instances {
            #expect(instance.holds.isEmpty, "\(id) still holds resources, seed \(seed)")
        }
    }

    @Test func sameSeedGivesTheSameRun() {
        func run() -> [String: Int] {
            let world = ResourceWorld(seed: 42)
            world.schedule(.act, in: 0)
            world.run(for: .seconds(300))
            return world.counts
        }
        let first = run()
        #expect(first == run())
        #expect(first.count > 5)
    }
}
