import LeverCore
import Testing

@testable import LeverRuntime

@Suite("Lines in files") struct LogRecordTests {
    private func record(_ text: String, _ number: Int = 1, at time: Double = 0) -> LogRecord {
        LogRecord(instance: InstanceID("hello-3-1"), number: number, time: time, bytes: Array(text.utf8)[...])
    }

    private func written(_ records: LogRecord...) -> [UInt8] {
        var buffer: [UInt8] = []
        for record in records { record.write(to: &buffer) }
        return buffer
    }

    @Test func aLineCanBeReadByPeople() {
        let text = String(decoding: written(record("it listens", 17, at: 1_764_343_244.5)), as: UTF8.self)
        #expect(text == "2025-11-28T15:20:44.500000Z hello-3-1 17 it listens\n")
    }

    @Test(arguments: ["", " ", "a  b ", "\r\u{1B}[31mred", "ümläut 🙂", "2026-11-28T15:20:44.123456Z x 1 y"])
    func whatIsWrittenIsRead(_ text: String) {
        let all = LogRecord.all(in: written(record(text, 1, at: 1), record(text, 2, at: 2)))
        #expect(all.map(\.text) == [text, text])
        #expect(all.map(\.number) == [1, 2] && all.map(\.time) == [1, 2])
        #expect(all.allSatisfy { $0.instance == InstanceID("hello-3-1") })
    }

    @Test func bytesThatAreNoTextStayAsTheyAre() {
        let bytes: [UInt8] = [0, 0xFF, 0xC3, 0x0D]
        let line = LogRecord(instance: InstanceID("a"), number: 1, time: 0, bytes: bytes[...])
        #expect(LogRecord.all(in: written(line)).first.map { Array($0.bytes) } == bytes)
    }

    @Test func halfLinesAndForeignOnesArePassedOver() {
        let good = written(record("one"), record("two", 2))
        for end in 0..<good.count {
            let count = good[..<end].count { $0 == 0x0A }
            #expect(LogRecord.all(in: Array(good[..<end])).count == count)
        }
        let foreign = Array("\n#\n2026-11-28T15:20:44.123456Z\n2026-13-28T15:20:44.123456Z a 1 x\n".utf8)
        let wrong = Array("2026-11-28T15:20:44.123456Z a one x\n2026-11-28T15:20:44.123456Z a 0 x\n".utf8)
        #expect(LogRecord.all(in: foreign + good + wrong).map(\.text) == ["one", "two"])
    }

    @Test func timesOfManyCenturiesComeBack() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let time = Double(Int.random(in: 0..<253_402_300_800_000, using: &random)) / 1000
            var buffer: [UInt8] = []
            LogTime.write(time, to: &buffer)
            let back = try #require(LogTime.read(buffer[...]), "\(time)")
            #expect(abs(back - time) < 1e-4, "\(time)")
        }
        for (time, text) in [
            (0.0, "1970-01-01T00:00:00.000000Z"), (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000000Z"), (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
            (-5, "1970-01-01T00:00:00.000000Z"), (1e18, "9999-12-31T23:59:59.999999Z"),
            (.infinity, "9999-12-31T23:59:59.999999Z"), (.nan, "1970-01-01T00:00:00.000000Z"),
        ] {
            var buffer: [UInt8] = []
            LogTime.write(time, to: &buffer)
            #expect(String(decoding: buffer, as: UTF8.self) == text)
        }
    }
}
