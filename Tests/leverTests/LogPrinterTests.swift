import ArgumentParser
import LeverClient
import LeverCore
import Testing

@testable import lever

@Suite("Lines of instances on a terminal") struct LogPrinterTests {
    private func line(_ instance: String, _ text: String) throws -> AdminClient.LogLine {
        let value: LeverValue = ["instance": .string(instance), "time": 1, "line": .string(text)]
        return try LeverDecoder().decode(AdminClient.LogLine.self, from: value)
    }

    private func printer(hasInstances: Bool = true, hasTimes: Bool = false) throws -> LogPrinter {
        LogPrinter(output: try OutputOptions.parse([]), hasInstances: hasInstances, hasTimes: hasTimes)
    }

    @Test func eachInstanceHasItsColour() throws {
        var printer = try printer()
        let first = printer.text(of: try line("a", "one"), isColoured: true)
        let second = printer.text(of: try line("b", "two"), isColoured: true)
        #expect(first == "\u{1B}[36ma\u{1B}[0m | one")
        #expect(second == "\u{1B}[33mb\u{1B}[0m | two")
        #expect(printer.text(of: try line("a", "three"), isColoured: true).hasPrefix("\u{1B}[36ma"))
        // More instances than colours.
        for number in 0..<30 {
            #expect(printer.text(of: try line("\(number)", "x"), isColoured: true).hasSuffix("m\(number)\u{1B}[0m | x"))
        }
    }

    @Test func withoutColoursThereAreNone() throws {
        var printer = try printer()
        #expect(printer.text(of: try line("a\u{1B}[2J", "one"), isColoured: false) == "a [2J | one")
        var plain = try self.printer(hasInstances: false)
        #expect(plain.text(of: try line("a", "one"), isColoured: true) == "one")
        var timed = try self.printer(hasInstances: false, hasTimes: true)
        #expect(timed.text(of: try line("a", "one"), isColoured: false) == "\(TimeText.local(1)) one")
    }
}
