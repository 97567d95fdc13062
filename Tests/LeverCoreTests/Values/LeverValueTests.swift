import LeverCore
import Testing

@Suite("Values")
struct LeverValueTests {
    @Test("equality and hashes ignore the order of keys")
    func order() {
        let left: LeverValue = ["a": 1, "b": ["c": nil, "d": [1, 2]]]
        let right: LeverValue = ["b": ["d": [1, 2], "c": nil], "a": 1]
        #expect(left == right && left.hashValue == right.hashValue)
        #expect(left != ["a": 1] && left != ["a": 1, "b": ["c": nil, "d": [2, 1]]])
        #expect(left.json() == #"{"a":1,"b":{"c":null,"d":[1,2]}}"#)
    }

    @Test("the kinds are told apart", arguments: [LeverValue.null, false, 0, "", [], [:]] as [LeverValue])
    func kinds(value: LeverValue) {
        let others: [LeverValue] = [.null, false, 0, "", [], [:]]
        #expect(others.filter { $0 == value }.count == 1)
    }

    @Test("subscripts read and write")
    func subscripts() {
        var value: LeverValue = nil
        value["a"] = [1, "x"]
        value["b"] = true
        #expect(value["a"]?[1] == "x" && value["a"]?[2] == nil && value["a"]?[-1] == nil && value["c"] == nil)
        value["a"] = nil
        #expect(value == ["b": true])
        var number: LeverValue = 1
        number["a"] = 2
        #expect(number == 1)
    }

    @Test("integers are read where they are exact")
    func integers() {
        #expect(LeverValue.number(5).intValue == 5 && LeverValue.number(5.5).intValue == nil)
        #expect(LeverValue.number(1e300).intValue == nil && LeverValue.number(.nan).intValue == nil)
    }

    @Test("objects of any size keep order, replace and remove", arguments: [1, 15, 16, 17, 18, 100])
    func objects(count: Int) {
        var object = LeverObject((0..<count).map { (key: "k\($0)", value: .number(Double($0))) })
        #expect(Array(object.keys) == (0..<count).map { "k\($0)" })
        for index in 0..<count { object["k\(index)"] = .number(Double(-index)) }
        #expect(object.count == count && object["k\(count - 1)"] == .number(Double(1 - count)))
        object["k0"] = nil
        #expect(object.count == count - 1 && object["k0"] == nil)
        for index in 1..<count { #expect(object["k\(index)"] == .number(Double(-index))) }
        object["new"] = true
        #expect(object.last?.key == "new")
    }

    @Test("of repeated keys the last value counts, at the first one's place", arguments: [2, 10, 40])
    func repeated(count: Int) {
        let pairs = (0..<count).map {
            (key: $0.isMultiple(of: 2) ? "even" : "k\($0)", value: LeverValue.number(Double($0)))
        }
        let object = LeverObject(pairs)
        #expect(object.count == count / 2 + 1 && object[0].key == "even")
        #expect(object["even"] == .number(Double((count - 1) / 2 * 2)))
    }

    @Test("keys that are equal as texts are one key, however they are written")
    func canonical() throws {
        let text = "{\"abcdefgh\u{e9}xyz\": 1, \"abcdefghe\u{301}xyz\": 2}"
        #expect(try LeverValue(json: text) == ["abcdefgh\u{e9}xyz": 2])
    }

    @Test("short texts of every length and any bytes come back", arguments: 0...17)
    func shortTexts(length: Int) throws {
        for letter in ["a", "~", "\u{1}", "\u{7F}"] {
            let text = String(repeating: letter, count: length)
            let reply = RPCReply.result(["\(text)": .string(text)])
            #expect(try ProtobufCodec().decodeReply(ProtobufCodec().bytes(reply)) == reply)
            let read = try LeverValue(json: LeverValue.string(text).json()).stringValue
            #expect(read == text && read?.hashValue == text.hashValue && read?.utf8.count == length)
        }
    }
}
