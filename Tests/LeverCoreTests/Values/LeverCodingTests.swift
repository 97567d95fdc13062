import Foundation
import LeverCore
import Testing

@Suite("Codable types and values")
struct LeverCodingTests {
    enum Shape: Codable, Equatable {
        case point
        case circle(radius: Double)
        case label(String, size: Int)
    }
    enum Level: String, Codable, CodingKeyRepresentable { case low, high }
    struct Inner: Codable, Equatable {
        var flag: Bool?
        var list: [Int8]
        var any: LeverValue
    }
    struct Everything: Codable, Equatable {
        var text = "ü"
        var number = -0.5
        var whole = 42
        var huge: UInt64 = 9_007_199_254_740_992
        var float: Float = 1.25
        var none: String?
        var inner = [Inner(flag: true, list: [1, -2], any: ["k": [nil, 1]]), Inner(flag: nil, list: [], any: nil)]
        var shapes: [Shape] = [.point, .circle(radius: 2), .label("x", size: 3)]
        var byName = ["a": 1, "b": 2]
        var byNumber = [7: "seven"]
        var byLevel: [Level: Int] = [.high: 9]
        var pairs: [Double: Bool] = [1.5: true]
        var nested: [[String?]] = [["a", nil], []]
        var date = Date(timeIntervalSinceReferenceDate: 12.5)
        var data = Data([0, 255, 16])
        var bytes: [UInt8] = [0, 255]
        var url = URL(string: "https://example.com/a?b=c")!
        var range = 1..<5
    }
    class Animal: Codable {
        var legs = 4
    }
    final class Dog: Animal {
        var name = "rex"
        enum CodingKeys: CodingKey { case name }
        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            try super.init(from: container.superDecoder())
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try super.encode(to: container.superEncoder())
        }
    }

    @Test("gives what JSONEncoder gives, and reads it back")
    func everything() throws {
        let value = try LeverEncoder().encode(Everything())
        let json = try LeverValue(json: [UInt8](JSONEncoder().encode(Everything())))
        #expect(value == json)
        #expect(try LeverDecoder().decode(Everything.self, from: value) == Everything())
        #expect(try JSONDecoder().decode(Everything.self, from: Data(value.json().utf8)) == Everything())
        #expect(value["data"] == "AP8Q" && value["bytes"] == [0, 255] && value["url"] == "https://example.com/a?b=c")
        #expect(value["none"] == nil)
    }

    @Test("a superclass has its own container")
    func superclass() throws {
        let dog = Dog()
        dog.name = "ann"
        dog.legs = 3
        let value = try LeverEncoder().encode(dog)
        #expect(value == ["name": "ann", "super": ["legs": 3]])
        let read = try LeverDecoder().decode(Dog.self, from: value)
        #expect(read.name == "ann" && read.legs == 3)
    }

    @Test("values pass through JSONEncoder and JSONDecoder")
    func valueIsCodable() throws {
        let value: LeverValue = ["a": [1, -2.5, true, nil, "x", [:]], "b": 9_007_199_254_740_992, "c": ["d": []]]
        let data = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(LeverValue.self, from: data) == value)
        #expect(try LeverEncoder().encode([value]) == [value])
        #expect(try LeverDecoder().decode([String: LeverValue].self, from: value)["b"] == 9_007_199_254_740_992)
    }

    @Test("scalars stand alone")
    func scalars() throws {
        #expect(try LeverEncoder().encode(Int?.none) == .null)
        #expect(try LeverEncoder().encode(Data([1])) == "AQ==")
        #expect(try LeverDecoder().decode(Int?.self, from: .null) == nil)
        #expect(try LeverDecoder().decode(Data.self, from: "AQ==") == Data([1]))
        #expect(try LeverDecoder().decode([Int].self, from: [1, 2]) == [1, 2])
        #expect(try LeverDecoder().decode([Bool].self, from: [true]) == [true])
    }

    @Test("base64 is as Foundation's", arguments: 0..<20)
    func base64(count: Int) throws {
        let data = Data((0..<count).map { UInt8(truncatingIfNeeded: $0 * 83 + 7) })
        #expect(try LeverEncoder().encode(data).stringValue == data.base64EncodedString())
        #expect(try LeverDecoder().decode(Data.self, from: .string(data.base64EncodedString())) == data)
    }

    @Test("refuses what is not base64", arguments: ["A", "AA=", "A===", "A=AA", "AA!=", "ÄÄ", "AAAA====", "===="])
    func notBase64(text: String) {
        #expect(throws: DecodingError.self) { try LeverDecoder().decode(Data.self, from: .string(text)) }
    }

    @Test("large integers throw unless a strategy says otherwise")
    func largeIntegers() throws {
        var encoder = LeverEncoder()
        var decoder = LeverDecoder()
        let error = #expect(throws: EncodingError.self) { try encoder.encode(["a": [1, Int.max]]) }
        if case .invalidValue(_, let context)? = error {
            #expect(context.codingPath.map(\.stringValue) == ["a"] || context.codingPath.count == 2)
            #expect(context.debugDescription.contains("9223372036854775807"))
        }
        #expect(throws: DecodingError.self) { try decoder.decode(Int.self, from: .number(0x1p60)) }
        encoder.largeIntegerStrategy = .string
        decoder.largeIntegerStrategy = .string
        let value = try encoder.encode([UInt64.max, 1])
        #expect(value == ["18446744073709551615", 1])
        #expect(try decoder.decode([UInt64].self, from: value) == [.max, 1])
        #expect(throws: DecodingError.self) { try decoder.decode(UInt8.self, from: "300") }
        encoder.largeIntegerStrategy = .round
        decoder.largeIntegerStrategy = .round
        #expect(try encoder.encode(Int64.max) == .number(0x1p63))
        #expect(try decoder.decode(Int64.self, from: .number(0x1p60)) == 1 << 60)
    }

    @Test("numbers that are not finite throw unless a strategy says otherwise")
    func nonFinite() throws {
        var encoder = LeverEncoder()
        var decoder = LeverDecoder()
        for number in [Double.infinity, -.infinity, .nan] {
            #expect(throws: EncodingError.self) { try encoder.encode(number) }
            #expect(throws: EncodingError.self) { try encoder.encode([number]) }
        }
        encoder.nonFiniteStrategy = .strings(positiveInfinity: "+", negativeInfinity: "-", nan: "?")
        decoder.nonFiniteStrategy = .strings(positiveInfinity: "+", negativeInfinity: "-", nan: "?")
        let value = try encoder.encode([Float.infinity, -.infinity, .nan, 1])
        #expect(value == ["+", "-", "?", 1])
        let read = try decoder.decode([Float].self, from: value)
        #expect(read[0] == .infinity && read[1] == -.infinity && read[2].isNaN && read[3] == 1)
    }

    struct Snake: Codable, Equatable {
        var createdAt = 1
        var myURLPath = "x"
        var _hidden_ = true
        var words = ["someKey": 1]
    }

    @Test("key strategies change names of types, not of dictionaries")
    func keys() throws {
        var encoder = LeverEncoder()
        var decoder = LeverDecoder()
        encoder.keyStrategy = .snakeCase
        let value = try encoder.encode(Snake())
        #expect(value == ["created_at": 1, "my_url_path": "x", "_hidden_": true, "words": ["someKey": 1]])
        encoder.keyStrategy = .custom { path in Key(stringValue: "x" + path.last!.stringValue) }
        decoder.keyStrategy = .custom { path in Key(stringValue: String(path.last!.stringValue.dropFirst())) }
        let custom = try encoder.encode(Snake())
        #expect(custom["xcreatedAt"] == 1 && custom["xwords"] == ["someKey": 1])
        #expect(try decoder.decode(Snake.self, from: custom) == Snake())
        decoder.keyStrategy = .snakeCase
        #expect(
            try decoder.decode([String: Snake2].self, from: ["a_b": ["created_at": 5]]) == ["a_b": Snake2(createdAt: 5)]
        )
    }
    struct Snake2: Codable, Equatable { var createdAt: Int }
    struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    @Test("date strategies", arguments: [0, 1.5, 1_764_000_000.25, -1, 951_782_400, 4_107_542_400, -2_208_988_800])
    func dates(seconds: Double) throws {
        let date = Date(timeIntervalSince1970: seconds)
        for (strategy, form) in [
            (LeverCoding.ValueStrategy.secondsSince1970(Date.self), LeverValue.number(seconds)),
            (.millisecondsSince1970(Date.self), .number(seconds * 1000)),
        ] {
            var encoder = LeverEncoder()
            var decoder = LeverDecoder()
            encoder.valueStrategies = [strategy]
            decoder.valueStrategies = [strategy]
            #expect(try encoder.encode([date]) == [form])
            #expect(try decoder.decode([Date].self, from: [form]) == [date])
        }
        var encoder = LeverEncoder()
        var decoder = LeverDecoder()
        encoder.valueStrategies = [.iso8601(Date.self)]
        decoder.valueStrategies = [.iso8601(Date.self)]
        let text = try #require(try encoder.encode(date).stringValue)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
        #expect(text == date.formatted(style))
        #expect(try decoder.decode(Date.self, from: .string(text)) == date)
    }

    @Test("dates with offsets are read, others refused")
    func offsets() throws {
        var decoder = LeverDecoder()
        decoder.valueStrategies = [.iso8601(Date.self)]
        #expect(try decoder.decode(Date.self, from: "1970-01-01T02:00:00+02:00").timeIntervalSince1970 == 0)
        for text in ["1970-01-01", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00", "x", "1970-01-01T00:00:00Zx"] {
            #expect(throws: DecodingError.self) { try decoder.decode(Date.self, from: .string(text)) }
        }
    }

    @Test("errors say where")
    func errors() throws {
        func path(_ body: () throws -> Void) -> [String] {
            switch #expect(throws: DecodingError.self, performing: body) {
            case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?, .keyNotFound(_, let context)?,
                .dataCorrupted(let context)?:
                return context.codingPath.map(\.stringValue)
            default: return ["?"]
            }
        }
        let decoder = LeverDecoder()
        #expect(path { _ = try decoder.decode([[String]].self, from: [["a"], ["b", 1]]) } == ["Index 1", "Index 1"])
        #expect(
            path { _ = try decoder.decode([Inner].self, from: [["list": [300], "any": 1]]) } == [
                "Index 0", "list", "Index 0",
            ])
        #expect(path { _ = try decoder.decode([Inner].self, from: [["list": []]]) } == ["Index 0"])
        #expect(path { _ = try decoder.decode(Int.self, from: 1.5) } == [])
        #expect(path { _ = try decoder.decode(String.self, from: nil) } == [])
        #expect(path { _ = try decoder.decode(Snake.self, from: [1]) } == [])
    }

    @Test("userInfo reaches the type")
    func userInfo() throws {
        struct Reader: Codable {
            var seen: String
            init() { seen = "" }
            init(from decoder: any Decoder) throws { seen = decoder.userInfo[Self.key] as? String ?? "none" }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(encoder.userInfo[Self.key] as? String ?? "none")
            }
            static let key = CodingUserInfoKey(rawValue: "test")!
        }
        var encoder = LeverEncoder()
        var decoder = LeverDecoder()
        encoder.userInfo[Reader.key] = "out"
        decoder.userInfo[Reader.key] = "in"
        #expect(try encoder.encode([Reader()]) == ["out"])
        #expect(try decoder.decode([Reader].self, from: [nil])[0].seen == "in")
    }
}
