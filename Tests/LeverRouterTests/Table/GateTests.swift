import LeverRouter
import Synchronization
import Testing

@Suite("Gates")
struct GateTests {
    @Test("a closed gate lets nobody in, and reports once when it is empty")
    func closing() {
        let gate = Gate()
        let drained = Mutex(0)
        #expect(gate.enter())
        #expect(gate.enter())
        #expect(gate.inFlight == 2)
        gate.close { drained.withLock { $0 += 1 } }
        #expect(gate.isClosed)
        #expect(!gate.enter())
        gate.leave()
        #expect(drained.withLock { $0 } == 0)
        gate.leave()
        #expect(drained.withLock { $0 } == 1)
        #expect(gate.inFlight == 0)
    }

    @Test("closing an empty gate reports at once, and a reopened one lets calls in without a report")
    func reopening() {
        let gate = Gate()
        let drained = Mutex(0)
        gate.close { drained.withLock { $0 += 1 } }
        #expect(drained.withLock { $0 } == 1)
        gate.reopen()
        #expect(gate.enter())
        gate.leave()
        #expect(drained.withLock { $0 } == 1)
    }

    private final class Counts: Sendable {
        let inside = Atomic<Int>(0)
        let entered = Atomic<Int>(0)
        let violations = Atomic<Int>(0)
        let isDrained = Atomic(false)
    }

    @Test("of many tasks that come and go, none is inside after the report")
    func concurrency() async {
        let gate = Gate()
        let counts = Counts()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<20_000 {
                        guard gate.enter() else { return }
                        counts.entered.add(1, ordering: .relaxed)
                        counts.inside.add(1, ordering: .sequentiallyConsistent)
                        if counts.isDrained.load(ordering: .sequentiallyConsistent) {
                            counts.violations.add(1, ordering: .relaxed)
                        }
                        counts.inside.subtract(1, ordering: .sequentiallyConsistent)
                        gate.leave()
                    }
                }
            }
            group.addTask {
                while counts.entered.load(ordering: .relaxed) < 1_000 { await Task.yield() }
                gate.close {
                    counts.isDrained.store(true, ordering: .sequentiallyConsistent)
                    if counts.inside.load(ordering: .sequentiallyConsistent) != 0 {
                        counts.violations.add(1, ordering: .relaxed)
                    }
                }
            }
        }
        let wasDrained = counts.isDrained.load(ordering: .relaxed)
        let violations = counts.violations.load(ordering: .relaxed)
        #expect(wasDrained)
        #expect(violations == 0)
    }
}
