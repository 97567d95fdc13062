import Testing

@testable import LeverCore

@Suite("Bounded log") struct BoundedLogTests {
    private func log(capacity: Int, _ count: Int) -> BoundedLog<Int> {
        let log = BoundedLog<Int>(capacity: capacity)
        for _ in 0..<count { log.append { $0 } }
        return log
    }

    @Test func keepsTheNewestAndCountsWhatIsGone() {
        let log = log(capacity: 4, 10)
        #expect(log.last == 10)
        let all = log.read(after: 0)
        #expect(all.elements == [7, 8, 9, 10])
        #expect(all.dropped == 6 && all.last == 10)
        let some = log.read(after: 8)
        #expect(some.elements == [9, 10] && some.dropped == 0)
        #expect(log.read(after: 10).elements.isEmpty)
        #expect(log.read(after: 10).last == 10)
    }

    @Test func aReaderTakesAsMuchAsItWants() {
        let log = log(capacity: 8, 5)
        let first = log.read(after: 0, limit: 2)
        #expect(first.elements == [1, 2] && first.last == 2)
        #expect(log.read(after: first.last, limit: 2).elements == [3, 4])
        #expect(log.read(after: 0, limit: 0).elements.isEmpty)
        #expect(log.newest(2).elements == [4, 5])
        #expect(log.newest(100).elements == [1, 2, 3, 4, 5])
        #expect(log.newest(-1).elements.isEmpty && log.newest(0).last == 5)
    }

    @Test func oddNumbersDoNoHarm() {
        let log = log(capacity: 2, 3)
        #expect(log.read(after: -5).elements == [2, 3])
        #expect(log.read(after: -5).dropped == 1)
        // From a later run of the reader's: there is nothing, and it reads on from here.
        #expect(log.read(after: 99).elements.isEmpty && log.read(after: 99).last == 3)
        #expect(BoundedLog<Int>(capacity: 0).read(after: 0).elements.isEmpty)
    }

    @Test func anEmptyLogHasNothing() async {
        let log = log(capacity: 4, 0)
        #expect(log.last == 0 && log.newest(3).elements.isEmpty)
        log.end()
        #expect(await log.next(after: 0) == nil)
    }

    @Test func readersWaitAndEachGetsEverything() async {
        let log = log(capacity: 1_000, 0)
        await withTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var all: [Int] = []
                    var last = 0
                    while let batch = await log.next(after: last, limit: 7) {
                        all += batch.elements
                        last = batch.last
                    }
                    return all
                }
            }
            for _ in 0..<50 {
                log.append(contentsOf: [1, 2])
                await Task.yield()
            }
            log.end()
            for await all in group { #expect(all == Array(repeating: [1, 2], count: 50).flatMap { $0 }) }
        }
    }

    @Test func cancelledReadersStopWaiting() async {
        let log = log(capacity: 4, 1)
        let reader = Task { await log.next(after: 1) }
        reader.cancel()
        #expect(await reader.value == nil)
        // It left nothing behind that would be resumed twice.
        log.append { $0 }
        #expect(log.last == 2)
    }
}
