import LeverCore
import Testing

@testable import lever

@Suite struct TableTests {
    private let table = Table(
        [.text("NAME"), .number("CALLS"), .text("WHAT")],
        [["a", "7", "short"], ["a longer name", "12345678", ""], ["é", "0", "two\nlines\u{1B}[31m"]])

    @Test func columnsAreAligned() {
        #expect(
            table.text() == """
                NAME              CALLS  WHAT
                a                     7  short
                a longer name  12345678
                é                     0  two lines [31m
                """)
    }

    @Test func linesThatDoNotFitAreCut() {
        let lines = table.text(width: 26).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 26 })
        #expect(lines[1] == "a                     7  …")
        #expect(table.text(width: 0) == table.text())
    }

    @Test func noRowsAreATitle() {
        #expect(Table([.text("A"), .text("B")], []).text() == "A  B")
    }

    @Test(arguments: [
        (0.0, "0s"), (119.9, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d"), (1e9, "11574d"),
        (-1, "?"), (.infinity, "?"), (.nan, "?"),
    ])
    func ages(_ seconds: Double, _ text: String) {
        #expect(TimeText.age(seconds) == text)
    }

    @Test func timesAreLocalOnes() {
        #expect(TimeText.local(0).wholeMatch(of: /19(69|70)-\d\d-\d\d \d\d:\d\d:00/) != nil)
        #expect(TimeText.local(.nan) == "?" && TimeText.local(1e300) == "?")
        #expect(TimeText.now() > 1_700_000_000)
    }

    @Test func eventsHaveTheirLinesBelow() {
        let event = AdminEvent(message: "it exited\nlast\u{1B} line")
        let text = EventsCommand.text(of: event.value)
        #expect(text.hasSuffix("instance-ended        dev.lever/hello hello-1: it exited\n    last  line"), "\(text)")
    }

    // MARK: Services

    @Test(arguments: [
        ("hello", "dev.lever/hello"), ("/hello", "dev.lever/hello"), ("shop.lever/cart", "shop.lever/cart"),
        ("Shop.lever/cart/", "shop.lever/cart"), ("lever://shop.lever/cart", "shop.lever/cart"),
        ("LEVER://shop.lever/cart/", "shop.lever/cart"),
    ])
    func servicesAreNamedInThreeWays(_ text: String, _ id: String) throws {
        #expect(try ServiceReference.parse(text, default: { .default }).description == id)
    }

    @Test(arguments: ["", "/", "a", "lever://cart", "http://shop.lever/cart", "a/b/c/d", "shop..lever/cart", "//cart"])
    func whatNamesNoServiceIsWrongUsage(_ text: String) {
        let failure = #expect(throws: CommandFailure.self) {
            try ServiceReference.parse(text, default: { .default })
        }
        #expect(failure?.status == .usage)
    }
}
