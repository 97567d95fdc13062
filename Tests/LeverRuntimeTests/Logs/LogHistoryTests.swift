import Testing

@testable import LeverCore
@testable import LeverRuntime

@Suite("What instances wrote until now") struct LogHistoryTests {
    private func memory(_ instance: String, _ range: ClosedRange<Int>, at time: Double) -> LogHistory.Memory {
        LogHistory.Memory(
            instance: InstanceID(instance),
            batch: .init(
                elements: range.map { OutputLine(time: time, text: "\(instance)\($0)") }, last: range.upperBound))
    }

    private func kept(_ instance: String, _ numbers: [Int], at time: Double, isOld: Bool = false) -> [LogRecord] {
        numbers.map { number in
            var record = LogRecord(
                instance: InstanceID(instance), number: number, time: time,
                bytes: Array("\(instance)\(number)".utf8)[...])
            record.isOfThisRun = !isOld
            return record
        }
    }

    private func texts(_ entries: [LogHistory.Entry]) -> [String] {
        entries.map { entry in
            switch entry.content {
            case .line(let text): text
            case .missing(let count): "\(entry.instance) lacks \(count)"
            }
        }
    }

    @Test func aLineThatIsInSeveralPlacesComesOnce() {
        let kept = kept("a", [1, 2, 3, 4], at: 1) + kept("a", [4, 5], at: 1) + kept("a", [5, 6, 7], at: 1)
        let entries = LogHistory.entries([memory("a", 5...6, at: 1)], kept, since: 0)
        // The seventh came after the memory was looked at: it is followed.
        #expect(texts(entries) == ["a1", "a2", "a3", "a4", "a5", "a6"])
    }

    @Test func whatIsMissingInBetweenIsCounted() {
        let entries = LogHistory.entries(
            [memory("a", 20...21, at: 3)], kept("a", [3, 4, 8], at: 1) + kept("b", [1, 5], at: 2), since: 0)
        #expect(
            texts(entries) == ["a3", "a4", "a lacks 3", "a8", "a lacks 11", "b1", "b lacks 3", "b5", "a20", "a21"])
    }

    @Test func earlierRunsAreNotMixedUpWithThisOne() {
        let kept = kept("a", [1, 2, 3], at: 1, isOld: true) + kept("a", [1, 2], at: 2)
        #expect(
            texts(LogHistory.entries([memory("a", 2...3, at: 3)], kept, since: 0))
                == ["a1", "a2", "a3", "a1", "a2", "a3"])
        // Nothing of it is in the memory yet.
        let empty = LogHistory.Memory(instance: InstanceID("a"), batch: .init(last: 0))
        #expect(texts(LogHistory.entries([empty], kept, since: 0)) == ["a1", "a2", "a3"])
    }

    @Test func olderLinesThanAskedForAreNoLostOnes() {
        let entries = LogHistory.entries(
            [memory("a", 20...21, at: 3)], kept("a", [1, 2], at: 1) + kept("b", [4], at: 2), since: 2)
        #expect(texts(entries) == ["b4", "a20", "a21"])
    }

    @Test func aRangeIsFilledAsFarAsItWasKept() {
        let all = kept("a", [1, 2, 4, 5, 9], at: 1) + kept("a", [3], at: 1, isOld: true) + kept("b", [3], at: 1)
        func range(_ range: ClosedRange<Int>) -> [String] {
            texts(LogHistory.entries(of: InstanceID("a"), range, in: all))
        }
        #expect(range(1...2) == ["a1", "a2"])
        #expect(range(2...5) == ["a2", "a lacks 1", "a4", "a5"])
        #expect(range(3...8) == ["a lacks 1", "a4", "a5", "a lacks 3"])
        #expect(range(6...8) == ["a lacks 3"])
    }
}
