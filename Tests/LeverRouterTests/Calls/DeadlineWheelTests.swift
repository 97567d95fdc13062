@testable import LeverRouter
import NIOCore
import NIOEmbedded
import Testing

@Suite("Deadlines")
struct DeadlineWheelTests {
    private final class Entry: DeadlineEntry {
        var fired = 0
        var then: (() -> Void)?

        override func deadlinePassed() {
            fired += 1
            then?()
        }
    }

    private static let start = NIODeadline.now()

    @Test("fires once, never early, at most one tick late", arguments: [0, 1, 9, 10, 11, 500, 10_239, 10_240, 61_007])
    func fires(milliseconds: Int64) {
        let wheel = DeadlineWheel(eventLoop: EmbeddedEventLoop())
        let entry = Entry()
        let deadline = NIODeadline.now() + .milliseconds(milliseconds)
        wheel.insert(entry, at: deadline)
        var now = NIODeadline.now()
        while now < deadline {
            wheel.advance(to: now)
            #expect(entry.fired == 0)
            now = now + .milliseconds(7)
        }
        wheel.advance(to: deadline + .milliseconds(20))
        #expect(entry.fired == 1)
        wheel.advance(to: deadline + .seconds(100))
        #expect(entry.fired == 1)
    }

    @Test("does not fire what was removed, also by another one that fires in the same tick")
    func removal() {
        let wheel = DeadlineWheel(eventLoop: EmbeddedEventLoop())
        let entries = (0..<5).map { _ in Entry() }
        let deadline = NIODeadline.now() + .milliseconds(100)
        for entry in entries { wheel.insert(entry, at: deadline) }
        wheel.remove(entries[2])
        wheel.remove(entries[2])
        for entry in entries { entry.then = { for other in entries { wheel.remove(other) } } }
        wheel.advance(to: deadline + .milliseconds(50))
        #expect(entries.map(\.fired).reduce(0, +) == 1)
        #expect(entries[2].fired == 0)
    }

    @Test("an entry may be set again, also while it fires")
    func again() {
        let wheel = DeadlineWheel(eventLoop: EmbeddedEventLoop())
        let entry = Entry()
        let now = NIODeadline.now()
        wheel.insert(entry, at: now + .milliseconds(50))
        wheel.insert(entry, at: now + .milliseconds(300))
        wheel.advance(to: now + .milliseconds(200))
        #expect(entry.fired == 0)
        entry.then = { wheel.insert(entry, at: now + .milliseconds(600)) }
        wheel.advance(to: now + .milliseconds(400))
        #expect(entry.fired == 1)
        entry.then = nil
        wheel.advance(to: now + .milliseconds(700))
        #expect(entry.fired == 2)
    }
}
