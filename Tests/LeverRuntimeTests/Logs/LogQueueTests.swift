import LeverCore
import Testing

@testable import LeverRuntime

@Suite("Lines that wait for their file", .timeLimit(.minutes(1))) struct LogQueueTests {
    private let hello = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.

    private func source(_ instance: String) -> LogQueue.Source {
        LogQueue.Source(service: hello, instance: InstanceID(instance))
    }

    private func add(_ range: ClosedRange<Int>, _ instance: String, to queue: LogQueue, bytes: Int = 36) {
        let line = OutputLog.Line(time: 1, bytes: [UInt8](repeating: 0x61, count: bytes))
        queue.add(range.map { _ in line }, after: range.lowerBound - 1, of: source(instance))
    }

    private func numbers(_ batch: LogQueue.Batch?) -> [Int]? { batch?.lines.map(\.number) }

    @Test func instancesHaveTheirTurns() async {
        let queue = LogQueue(bytesPerInstance: 10_000, bytes: 100_000)
        add(1...5, "a", to: queue)
        add(1...2, "b", to: queue)
        // Each of them costs 100 bytes.
        let first = await queue.next(bytes: 300)
        #expect(numbers(first) == [1, 2, 3] && first?.source == source("a"))
        queue.finish(first!, written: 3, isHeld: false)
        let second = await queue.next(bytes: 300)
        #expect(numbers(second) == [1, 2] && second?.source == source("b"))
        queue.finish(second!, written: 2, isHeld: false)
        #expect(numbers(await queue.next(bytes: 300)) == [4, 5])
    }

    @Test func theOldestAreDroppedButNotThoseThatAreBeingWritten() async {
        let queue = LogQueue(bytesPerInstance: 1_000, bytes: 100_000)
        add(1...4, "a", to: queue)
        let batch = await queue.next(bytes: 200)
        add(5...20, "a", to: queue)
        #expect(queue.waitingBytes == 1_000)
        #expect(queue.lines(of: hello, instance: nil).map(\.number) == [1, 2] + Array(13...20))
        // One was written; the other waits on, in its place.
        queue.finish(batch!, written: 1, isHeld: false)
        #expect(numbers(await queue.next(bytes: 10_000)) == [2] + Array(13...20))
    }

    @Test func allTogetherHaveABoundToo() async {
        let queue = LogQueue(bytesPerInstance: 1_000, bytes: 1_500)
        add(1...10, "a", to: queue)
        add(1...10, "b", to: queue)
        add(1...3, "c", to: queue)
        #expect(queue.waitingBytes == 1_500)
        #expect(queue.lines(of: hello, instance: InstanceID("a")).count == 10)
        #expect(queue.lines(of: hello, instance: InstanceID("b")).map(\.number) == [6, 7, 8, 9, 10])
        #expect(queue.lines(of: hello, instance: InstanceID("c")).isEmpty)
        // One long line has to find room, too.
        add(11...11, "b", to: queue, bytes: 5_000)
        #expect(queue.waitingBytes == 1_000)
        // Where there is room again, they come again, once each.
        let batch = await queue.next(bytes: 10_000)
        queue.finish(batch!, written: 10, isHeld: false)
        add(12...12, "b", to: queue)
        add(13...13, "b", to: queue)
        let other = await queue.next(bytes: 10_000)
        #expect(numbers(other) == [12, 13])
        queue.finish(other!, written: 2, isHeld: false)
        queue.end()
        #expect(await queue.next(bytes: 10_000) == nil)
        #expect(queue.waitingBytes == 0)
    }

    @Test func whatCouldNotBeWrittenIsHeldBackAlone() async {
        let queue = LogQueue(bytesPerInstance: 10_000, bytes: 100_000)
        add(1...2, "a", to: queue)
        let batch = await queue.next(bytes: 10_000)
        queue.finish(batch!, written: 0, isHeld: true)
        add(3...3, "a", to: queue)
        add(1...1, "b", to: queue)
        let other = await queue.next(bytes: 10_000)
        #expect(other?.source == source("b"))
        queue.finish(other!, written: 1, isHeld: false)
        let next = Task { await queue.next(bytes: 10_000) }
        queue.release(source("a"))
        #expect(numbers(await next.value) == [1, 2, 3])
    }

    @Test func aForgottenServiceIsNotWritten() async {
        let queue = LogQueue(bytesPerInstance: 10_000, bytes: 100_000)
        add(1...2, "a", to: queue)
        add(1...2, "b", to: queue)
        let batch = await queue.next(bytes: 10_000)!
        #expect(queue.wants(batch))
        queue.forget(hello)
        #expect(!queue.wants(batch))
        queue.finish(batch, written: 2, isHeld: false)
        #expect(queue.count == 0 && queue.waitingBytes == 0)
        queue.end()
        #expect(await queue.next(bytes: 10_000) == nil)
    }

    @Test func whatCameBeforeTheEndIsGivenOut() async {
        let queue = LogQueue(bytesPerInstance: 10_000, bytes: 100_000)
        add(1...1, "a", to: queue)
        queue.end()
        add(2...2, "a", to: queue)
        let batch = await queue.next(bytes: 10_000)
        #expect(numbers(batch) == [1])
        queue.finish(batch!, written: 1, isHeld: false)
        #expect(await queue.next(bytes: 10_000) == nil)
    }
}
