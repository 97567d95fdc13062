import Foundation
import LeverCore
import Testing

@Suite("JSON text")
struct JSONTests {
    @Test("reads what RFC 8259 allows", arguments: accepted)
    func reads(text: String, value: LeverValue) throws {
        #expect(try LeverValue(json: text) == value)
        #expect(try LeverValue(json: value.json()) == value)
        #expect(try LeverValue(json: value.json(pretty: true)) == value)
    }

    private static let accepted: [(String, LeverValue)] = [
        ("null", LeverValue.null), (" true ", true), ("false", false), ("0", 0), ("-1.5e2", -150), ("1E+2", 100),
        ("\"\"", ""), (#""\u00e4\n\"\\\/\b\f\r\t""#, "ä\n\"\\/\u{8}\u{c}\r\t"), (#""\ud83d\ude42""#, "🙂"),
        (#""\u0000""#, "\0"),
        ("[]", []), ("[ 1 , [ ] ]", [1, []]), ("{}", [:]), (#"{ "a" : {"b":[null]} }"#, ["a": ["b": [nil]]]),
        (#"{"a":1,"b":2,"a":3}"#, ["b": 2, "a": 3]), ("\t\r\n1", 1),
    ]

    @Test(
        "refuses all else, saying where",
        arguments: [
            ("", 1), ("[1,]", 4), ("{\"a\":1,}", 8), ("[1 2]", 4), ("01", 2), ("1.", 3), (".5", 1), ("+1", 1),
            ("1e", 3), ("-", 2),
            ("nul", 1), ("NaN", 1), ("Infinity", 1), ("-Infinity", 2), ("'a'", 1), ("{a:1}", 2), ("[", 2),
            ("{\"a\"}", 5), ("\"", 1),
            ("\"\\x\"", 2), (#""\ud800""#, 2), (#""\udc00""#, 2), (#""\ud800\u0041""#, 2), (#""\u12""#, 2),
            ("\"\n\"", 2),
            ("1 1", 3), ("[1]]", 4), ("//c\n1", 1), ("\u{FEFF}1", 1), ("1e999", 1), ("tru\u{e9}", 1), ("{\"a\":}", 6),
            ("[,1]", 2),
        ])
    func refuses(text: String, column: Int) {
        let error = #expect(throws: JSONError.self) { try LeverValue(json: text) }
        #expect(error?.column == column, "\(text): \(String(describing: error))")
    }

    @Test(
        "refuses invalid UTF-8",
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try LeverValue(json: [0x22] + bytes + [0x22]) }
        #expect(throws: JSONError.self) { try LeverValue(json: [0x22, 0x5C, 0x6E] + bytes + [0x22]) }
        #expect(throws: JSONError.self) {
            try LeverValue(json: [0x22] + Array("long enough for no short cut".utf8) + bytes + [0x22])
        }
    }

    @Test(
        "numbers are the nearest double, and written with the fewest digits",
        arguments: [
            ("0", 0), ("-0", -0.0), ("1e23", 1e23), ("5e-324", 5e-324), ("9007199254740991", 0x1p53 - 1),
            ("9007199254740992", 0x1p53), ("9007199254740993", 0x1p53), ("9007199254740994", 0x1p53 + 2), ("0.1", 0.1),
            ("123456789012345678901234567890", 123456789012345678901234567890),
            ("2.2250738585072011e-308", 2.2250738585072011e-308),
            ("1.7976931348623157e308", .greatestFiniteMagnitude), ("0.000001", 0.000001),
            ("0.30000000000000004", 0.1 + 0.2),
            ("179769313486231580793e288", 1.7976931348623158e308), ("0.0000000000000000000000000000001", 1e-31),
            ("1e-400", 0),
            ("0e999", 0), ("1000000000000000000000e-21", 1),
        ])
    func numbers(text: String, number: Double) throws {
        let read = try #require(try LeverValue(json: text).numberValue)
        #expect(read.bitPattern == number.bitPattern)
        let written = LeverValue.number(number).json()
        #expect(try LeverValue(json: written).numberValue?.bitPattern == number.bitPattern)
        #expect(Double(written)?.bitPattern == number.bitPattern)
        #expect(written.filter(\.isNumber).count <= number.description.filter(\.isNumber).count + 8)
    }

    @Test("random doubles round-trip, in their shortest form", arguments: 0..<10 as Range<UInt64>)
    func randomNumbers(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        for _ in 0..<1000 {
            let number = values.number()
            let text = LeverValue.number(number).json()
            #expect(try LeverValue(json: text).numberValue?.bitPattern == number.bitPattern, "\(number)")
            // Digits that count, without the exponent, the point and zeros at either end.
            func digits(_ text: String) -> Substring {
                let mantissa = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
                return mantissa.prefix(mantissa.count - mantissa.reversed().prefix { $0 == "0" }.count)
            }
            #expect(digits(text) == digits(number.description), "\(text) \(number)")
        }
    }

    @Test("numbers that are not finite become null")
    func nonFinite() {
        #expect(LeverValue.array([.number(.nan), .number(.infinity)]).json() == "[null,null]")
    }

    @Test("limits of depth, elements and length")
    func limits() throws {
        let text = String(repeating: "[", count: 129) + String(repeating: "]", count: 129)
        #expect(throws: JSONError.self) { try LeverValue(json: text) }
        #expect(try LeverValue(json: String(text.dropFirst().dropLast())).arrayValue?.count == 1)
        #expect(throws: JSONError.self) { try LeverValue(json: String(repeating: "[{\"a\":", count: 100_000)) }
        #expect(throws: JSONError.self) { try LeverValue(json: "[1,2,3]", limits: ValueLimits(maximumElements: 2)) }
        #expect(throws: JSONError.self) { try LeverValue(json: "[1,2,3]", limits: ValueLimits(maximumLength: 6)) }
    }

    @Test("pretty text is indented by two spaces")
    func pretty() {
        let value: LeverValue = ["a": [1, [:]], "b": []]
        #expect(value.json(pretty: true) == "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}")
        #expect(value.json() == #"{"a":[1,{}],"b":[]}"#)
    }

    @Test("escapes at every place of a text", arguments: 0..<40)
    func escapes(position: Int) throws {
        for special in ["\"", "\\", "\n", "\u{1F}", "\u{0}", "\u{7F}", "ü", "🙂"] {
            let text = String(repeating: "x", count: position) + special + String(repeating: "y", count: 20)
            #expect(try LeverValue(json: LeverValue.string(text).json()) == .string(text))
            let data = Data(LeverValue.array([.string(text)]).json().utf8)
            #expect(try JSONDecoder().decode([String].self, from: data) == [text])
        }
    }

    @Test("random values come back, and mutated texts are read or refused", arguments: 0..<10 as Range<UInt64>)
    func random(seed: UInt64) throws {
        var values = RandomValues(seed: 77 + seed)
        for _ in 0..<50 {
            let value = values.value()
            let text = Array(value.json().utf8)
            #expect(try LeverValue(json: text) == value)
            for _ in 0..<20 {
                guard let mutated = try? LeverValue(json: values.mutation(of: text)) else { continue }
                #expect(try LeverValue(json: mutated.json()) == mutated)
            }
        }
    }
}
