import LeverCore
import Testing

@Suite("The wire codec")
struct ProtobufCodecTests {
    let codec = ProtobufCodec()

    private func hex(_ text: String) -> [UInt8] {
        let digits = Array(text.filter { $0 != " " })
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...($0 + 1)]), radix: 16)! }
    }

    private func arguments(_ text: String) throws -> RPCArguments { try codec.decodeArguments(hex(text)) }
    private func reply(_ text: String) throws -> RPCReply { try codec.decodeReply(hex(text)) }
    private func message(_ text: String) throws -> StreamMessage { try codec.decodeStreamMessage(hex(text)) }

    @Test("the worked example of the wire contract")
    func workedExample() throws {
        #expect(try codec.bytes(RPCArguments.values(["name"])) == hex("0a080a060a046e616d65"))
        #expect(try codec.bytes(RPCReply.result("hello name")) == hex("0a0c0a0a68656c6c6f206e616d65"))
        #expect(try arguments("0a080a060a046e616d65") == .values(["name"]))
        #expect(try reply("0a0c0a0a68656c6c6f206e616d65") == .result("hello name"))
        #expect(try codec.bytes(StreamMessage.accepted).isEmpty)
        #expect(try message("") == .accepted)
    }

    @Test(
        "a oneof that is set is written even with its type's default",
        arguments: [
            (.null, "0a00"), ("", "0a020a00"), (false, "0a021800"), (true, "0a021801"),
            (0.0, "0a09110000000000000000"), ([], "0a022a00"), ([:], "0a022200"),
        ] as [(LeverValue, String)])
    func defaults(value: LeverValue, bytes: String) throws {
        #expect(try codec.bytes(RPCReply.result(value)) == hex(bytes))
        #expect(try reply(bytes) == .result(value))
    }

    @Test("bytes and errors have members of their own")
    func members() throws {
        for contents: [UInt8] in [[], [1, 2, 3], [UInt8](repeating: 7, count: 1000)] {
            #expect(try codec.decodeArguments(codec.bytes(RPCArguments.bytes(contents))) == .bytes(contents))
            for reply: RPCReply in [.bytes(contents), .errorBytes(contents), .error(["a": 1]), .error(nil)] {
                #expect(try codec.decodeReply(codec.bytes(reply)) == reply)
            }
            let messages: [StreamMessage] = [
                .open(.bytes(contents)), .open(.values([])), .open(.values([1, nil])), .message(.value(nil)),
                .message(.bytes(contents)), .message(.error("x")), .message(.errorBytes(contents)),
            ]
            for message in messages {
                #expect(try codec.decodeStreamMessage(codec.bytes(message)) == message)
            }
        }
    }

    @Test("nothing set at all is no arguments and a null result")
    func nothing() throws {
        #expect(try arguments("") == .values([]))
        #expect(try reply("") == .result(.null))
        #expect(try message("0a00") == .open(.values([])))
    }

    @Test("decoding follows protobuf: order, unknown fields, last member, merging")
    func protobufRules() throws {
        // Unknown fields of all wire types around the known one.
        #expect(try reply("f80101 0a030a0178 f1010000000000000000 fa0102abcd fd0100000000") == .result("x"))
        // The last member of the oneof counts, in a reply and in a value.
        #expect(try reply("12016a 0a030a0178") == .result("x"))
        #expect(try reply("0a030a0178 12016a") == .bytes([0x6A]))
        #expect(try reply("0a05 0a0178 1801") == .result(true))
        // Messages seen twice are merged: arrays and objects grow, arguments too.
        #expect(try reply("0a042a020a00 0a062a040a021801") == .result([nil, true]))
        #expect(try arguments("0a040a021801 0a040a021800") == .values([true, false]))
        #expect(try message("0a060a040a021801 0a060a040a021800") == .open(.values([true, false])))
        // The value of a property before its name, and a property seen twice.
        #expect(try reply("0a0b 2209 0a07 12021801 0a0161") == .result(["a": true]))
        #expect(try reply("0a14 2212 0a07 0a0161 12021801 0a07 0a0161 12021800") == .result(["a": false]))
        // Any varint other than 0 is true.
        #expect(try reply("0a0b18ffffffffffffffffff01") == .result(true))
        // A known number with another wire type is an unknown field.
        #expect(try reply("0801 0a030a0178") == .result("x"))
    }

    @Test(
        "refuses malformed bytes, saying what and where",
        arguments: [
            ("0a", "cut off", 1), ("0a05", "does not fit", 1), ("0a03 0a02", "does not fit", 1),
            ("0a02 0a02", "does not fit", 3),
            ("0a0a 18ffffffffffffffffff", "cut off", 3), ("0b", "groups", 0), ("0c", "groups", 0),
            ("0a01 0b", "groups", 2),
            ("0200", "field number 0", 0), ("0f", "wire type 7", 0), ("0e", "wire type 6", 0),
            ("0affffffffffffffffffff01", "longer than", 1), ("0a0b18ffffffffffffffffff02", "64 bits", 3),
            ("0a04 11000000", "cut off", 3), ("0a03 0a01ff", "UTF-8", 4), ("0a04 0a02c080", "UTF-8", 4),
            ("0a05 0a03eda080", "UTF-8", 4), ("0a06 0a04f4908080", "UTF-8", 4), ("80808080800000", "field number 0", 0),
        ])
    func malformed(bytes: String, what: String, offset: Int) {
        let error = #expect(throws: CodecError.self) { try reply(bytes) }
        #expect(error?.message.contains(what) == true, "\(String(describing: error))")
        #expect(error?.offset == offset)
        #expect(throws: CodecError.self) { try message(bytes.replacing("0a", with: "12", maxReplacements: 1)) }
    }

    @Test("limits of depth, elements and length hold both ways")
    func limits() throws {
        func nested(_ depth: Int) -> LeverValue { (0..<depth).reduce(.null) { value, _ in [value] } }
        let deepest = try codec.bytes(RPCReply.result(nested(128)))
        #expect(try codec.decodeReply(deepest) == .result(nested(128)))
        let tooDeep = #expect(throws: CodecError.self) { try codec.bytes(RPCReply.result(nested(129))) }
        #expect(tooDeep?.message.contains("128 levels") == true)
        let generous = try ProtobufCodec(limits: ValueLimits(maximumDepth: 1000)).bytes(RPCReply.result(nested(129)))
        #expect(throws: CodecError.self) { try codec.decodeReply(generous) }

        let few = ProtobufCodec(limits: ValueLimits(maximumElements: 3, maximumLength: 12))
        #expect(throws: CodecError.self) { try few.decodeArguments(codec.bytes(RPCArguments.values([1, 2, 3, 4]))) }
        #expect(
            try few.decodeArguments(codec.bytes(RPCArguments.values([nil, nil, nil]))) == .values([nil, nil, nil]))
        #expect(throws: CodecError.self) {
            try few.decodeArguments(codec.bytes(RPCArguments.values([nil, nil, nil, nil])))
        }
        let long = #expect(throws: CodecError.self) { try few.decodeReply([UInt8](repeating: 0, count: 13)) }
        #expect(long?.message.contains("13 bytes") == true)
    }

    @Test("random values come back", arguments: 0..<20 as Range<UInt64>)
    func random(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        for _ in 0..<100 {
            let value = values.value()
            let bytes = try codec.bytes(StreamMessage.message(.value(value)))
            #expect(try codec.decodeStreamMessage(bytes) == .message(.value(value)))
        }
    }

    @Test("long messages from many tasks at once do not share memory")
    func concurrent() async throws {
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    let value = LeverValue.array(Array(repeating: .string("text of task \(task)"), count: 5000))
                    for _ in 0..<20 {
                        let bytes = try? codec.bytes(RPCReply.result(value))
                        #expect(bytes.flatMap { try? codec.decodeReply($0) } == .result(value))
                        #expect((try? LeverValue(json: value.json())) == value)
                    }
                }
            }
        }
    }

    @Test("mutated messages are decoded or refused, never more", arguments: 0..<10 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var values = RandomValues(seed: 1000 + seed)
        for _ in 0..<100 {
            let original = try codec.bytes(RPCReply.result(values.value()))
            for _ in 0..<20 {
                let mutated = values.mutation(of: original)
                if let decoded = try? codec.decodeReply(mutated) {
                    // What was decoded can be encoded, and means the same again.
                    let again = try codec.decodeReply(codec.bytes(decoded))
                    #expect(again == decoded || "\(again)" == "\(decoded)")
                }
                _ = try? codec.decodeArguments(mutated)
                _ = try? codec.decodeStreamMessage(mutated)
            }
        }
    }
}
