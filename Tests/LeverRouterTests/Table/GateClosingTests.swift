import LeverRouter
import NIOCore
import Synchronization
import Testing

@Suite("Ways to close a gate")
struct GateClosingTests {
    private final class Count: Sendable {
        private let value = Atomic<Int>(0)
        var current: Int { value.load(ordering: .sequentiallyConsistent) }
        func add() { value.add(1, ordering: .sequentiallyConsistent) }
        func subtract() { value.subtract(1, ordering: .sequentiallyConsistent) }
    }

    @Test("only if idle: in one step, and only then")
    func ifIdle() {
        let gate = Gate()
        #expect(gate.enter())
        #expect(!gate.closeIfIdle())
        #expect(!gate.isClosed)
        gate.leave()
        #expect(gate.closeIfIdle())
        #expect(gate.isClosed)
        #expect(!gate.enter())
        #expect(gate.closeIfIdle(), "it is closed and nobody is inside")
    }

    @Test("when idle: open until the last call has left, at once where there is none")
    func whenIdle() {
        let gate = Gate()
        let drained = Count()
        #expect(gate.enter())
        gate.closeWhenIdle { drained.add() }
        #expect(!gate.isClosed)
        #expect(gate.enter())
        gate.leave()
        #expect(drained.current == 0)
        gate.leave()
        #expect(drained.current == 1)
        #expect(gate.isClosed)
        #expect(!gate.enter())
        let empty = Gate()
        empty.closeWhenIdle { drained.add() }
        #expect(drained.current == 2)
        #expect(!empty.enter())
    }

    @Test("a later closing takes the place of an earlier one")
    func replaced() {
        let gate = Gate()
        let (first, second) = (Count(), Count())
        #expect(gate.enter())
        gate.closeWhenIdle { first.add() }
        gate.close { second.add() }
        #expect(gate.isClosed)
        gate.leave()
        #expect(first.current == 0)
        #expect(second.current == 1)
    }

    @Test("an opened gate does not close itself")
    func reopened() {
        let gate = Gate()
        let drained = Count()
        #expect(gate.enter())
        gate.closeWhenIdle { drained.add() }
        gate.reopen()
        gate.leave()
        #expect(drained.current == 0)
        #expect(gate.enter())
    }

    @Test("nested calls enter a closed gate while somebody is inside")
    func nested() {
        let gate = Gate()
        let drained = Count()
        #expect(gate.enter())
        gate.close { drained.add() }
        #expect(!gate.enter())
        #expect(gate.enterNested())
        gate.leave()
        #expect(drained.current == 0)
        gate.leave()
        #expect(drained.current == 1)
        #expect(!gate.enterNested(), "nobody is inside that it could belong to")
    }

    @Test("calls of resources count in a closed gate; asking again reports again")
    func counted() {
        let gate = Gate()
        let drained = Count()
        gate.close { drained.add() }
        gate.enterClosed()
        #expect(gate.inFlight == 1)
        gate.close { drained.add() }
        #expect(drained.current == 1)
        gate.leave()
        #expect(drained.current == 2)
        gate.close { drained.add() }
        #expect(drained.current == 3)
    }

    @Test("idle time runs from the last call's end")
    func idleTime() {
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        let gate = Gate(at: start)
        #expect(gate.idleTime(at: start + .seconds(3)) == .seconds(3))
        #expect(gate.enter())
        #expect(gate.idleTime(at: start + .seconds(3)) == .zero)
        gate.leave(at: start + .seconds(4))
        #expect(gate.idleTime(at: start + .seconds(6)) == .seconds(2))
    }

    // MARK: Threads

    /// What threads count beside the gate, to be compared with what it says.
    private final class World: Sendable {
        let gate = Gate()
        let inside = Count()
        let closings = Count()
        let reports = Count()
        let violations = Count()
        let isClosed = Atomic(false)
        let isOver = Atomic(false)

        /// Comes and goes until told to stop.
        func visit() async {
            var visits = 0
            while !isOver.load(ordering: .acquiring) {
                visits += 1
                if visits % 256 == 0 { await Task.yield() }
                guard gate.enter() else { continue }
                inside.add()
                if isClosed.load(ordering: .sequentiallyConsistent) { violations.add() }
                inside.subtract()
                gate.leave()
            }
        }

        func reported() {
            // Nobody can come in before it is opened again.
            isClosed.store(true, ordering: .sequentiallyConsistent)
            if inside.current != 0 { violations.add() }
            reports.add()
        }

        func open() {
            isClosed.store(false, ordering: .sequentiallyConsistent)
            gate.reopen()
        }
    }

    @Test(
        "of many that come and go, none is inside when it closes when idle, and no report is lost", arguments: [1, 4])
    func whenIdleRaces(visitors: Int) async {
        let world = World()
        let isReported = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<visitors {
                group.addTask {
                    await world.visit()
                    return true
                }
            }
            group.addTask {
                defer { world.isOver.store(true, ordering: .releasing) }
                for round in 1...2_000 {
                    world.gate.closeWhenIdle { world.reported() }
                    // Visitors leave between their visits, so the moment comes.
                    guard await poll({ world.reports.current == round }) else { return false }
                    world.open()
                }
                return true
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(isReported)
        #expect(world.violations.current == 0)
        #expect(world.reports.current == 2_000)
    }

    @Test("closing in one step and opening again under way, nobody is inside")
    func ifIdleRaces() async {
        let world = World()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { await world.visit() } }
            group.addTask {
                // How often it is empty at just that moment depends on the threads: until it was often enough.
                var attempts = 0
                while world.reports.current < 500, attempts < 5_000_000 {
                    attempts += 1
                    if attempts % 64 == 0 { await Task.yield() }
                    guard world.gate.closeIfIdle() else { continue }
                    world.reported()
                    world.open()
                }
                world.isOver.store(true, ordering: .releasing)
            }
        }
        #expect(world.violations.current == 0)
        #expect(world.reports.current == 500)
    }
}
