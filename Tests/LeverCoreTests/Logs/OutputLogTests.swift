import Synchronization
import Testing

@testable import LeverCore

@Suite("Output of instances") struct OutputLogTests {
    private func tail(_ chunks: [String], capacity: Int = 3, lineLength: Int = 10) -> OutputLog {
        let tail = OutputLog(capacity: capacity, lineLength: lineLength)
        for chunk in chunks { Array(chunk.utf8).withUnsafeBytes { tail.append($0, at: 0) } }
        return tail
    }

    @Test func linesAreCutAtNewlinesWhereverTheChunksAre() {
        let text = "one\r\ntwo\n\nfour"
        for size in 1...text.utf8.count {
            let bytes = Array(text.utf8)
            let chunks = stride(from: 0, to: bytes.count, by: size).map {
                String(decoding: bytes[$0..<min($0 + size, bytes.count)], as: UTF8.self)
            }
            #expect(tail(chunks, capacity: 10).last(10) == ["one", "two", "", "four"])
        }
    }

    @Test func onlyTheLastLinesAreKept() {
        let lines = (0..<100).map { "\($0)\n" }
        #expect(tail(lines).last(10) == ["97", "98", "99"])
        #expect(tail(lines + ["x"]).last(10) == ["98", "99", "x"])
        #expect(tail(lines).last(1) == ["99"])
        #expect(tail(lines).last(-1) == [])
        #expect(tail([]).last(10) == [])
    }

    @Test func longLinesAreCut() {
        #expect(tail(["0123456789abc\nx\n"]).last(10) == ["0123456789 … (3 more bytes)", "x"])
        #expect(tail(["01234", "56789", "abc", "def"]).last(10) == ["0123456789 … (6 more bytes)"])
        #expect(tail(["0123456789\n"]).last(10) == ["0123456789"])
    }

    @Test func invalidTextIsRepaired() {
        let tail = OutputLog(capacity: 2, lineLength: 10)
        let bytes: [UInt8] = [0x61, 0xFF, 0x62, 0x0A, 0xC3]
        bytes.withUnsafeBytes { tail.append($0, at: 0) }
        #expect(tail.last(2) == ["a\u{FFFD}b", "\u{FFFD}"])
    }

    @Test func readersFollowWholeLinesAndHearWhatTheyMissed() async {
        let log = OutputLog(capacity: 3, lineLength: 10)
        log.append("one\ntw", at: 1)
        #expect(await log.changed(after: 0) == 1)
        let first = log.read(after: 0, limit: 10)
        #expect(first.elements == [OutputLine(time: 1, text: "one")] && first.last == 1)
        log.append("o\nthree\nfour\nfive\nsix", at: 2)
        #expect(await log.changed(after: 1) == 5)
        let rest = log.read(after: 1, limit: 10)
        #expect(rest.elements.map(\.text) == ["three", "four", "five"] && rest.dropped == 1)
        #expect(log.newest(1).elements == [OutputLine(time: 2, text: "five")])
        // The end makes a line of what has none.
        log.end()
        #expect(log.read(after: 5, limit: 10).elements == [OutputLine(time: 2, text: "six")])
        #expect(await log.changed(after: 6) == nil)
        #expect(log.last(2) == ["five", "six"])
    }

    /// Takes lines, and the numbers that they come with.
    private final class Lines: OutputSink {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }

        func take(_ lines: [OutputLog.Line], after number: Int) {
            state.withLock { state in
                for (index, line) in lines.enumerated() {
                    state.append("\(number + index + 1) \(String(decoding: line.bytes, as: UTF8.self)) \(line.time)")
                }
            }
        }
    }

    @Test func aSinkTakesWhatThereIsAndWhatComes() {
        let log = OutputLog(capacity: 2, lineLength: 10)
        log.append("one\ntwo\nthree\nfo", at: 1)
        let (lines, others) = (Lines(), Lines())
        log.attach(lines)
        #expect(lines.all == ["2 two 1.0", "3 three 1.0"])
        log.append("ur\n", at: 2)
        log.append("five", at: 3)
        #expect(lines.all.last == "4 four 2.0")
        log.end()
        #expect(lines.all.suffix(2) == ["4 four 2.0", "5 five 3.0"])
        // One that comes after the end has what is left.
        log.attach(others)
        #expect(others.all == ["4 four 2.0", "5 five 3.0"])
        let quiet = OutputLog()
        let none = Lines()
        quiet.attach(none)
        quiet.detach()
        quiet.append("one\n", at: 1)
        #expect(none.all.isEmpty && quiet.last(1) == ["one"])
    }

    @Test func whoeverWaitsHearsOfTheNextLineAndOfTheEnd() async {
        let log = OutputLog()
        let waiting = Task {
            var numbers: [Int] = []
            while let number = await log.changed(after: numbers.last ?? 0) { numbers.append(number) }
            return numbers
        }
        log.append("no end", at: 0)
        log.append(" yet\n", at: 0)
        log.end()
        #expect(await waiting.value.last == 1)
        let cancelled = Task { await OutputLog().changed(after: 0) }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
    }
}
