public import LeverCore

/// What every `ValueCodec` must do.
public enum ValueCodecConformance: ConformanceSuite {
    /// All checks.
    public static let checks: [ConformanceCheck<any ValueCodec>] = [
        ConformanceCheck("arguments come back as they were") { codec in
            for values in samples { try roundTrip(.values(values), codec) }
            for bytes in byteSamples { try roundTrip(.bytes(bytes), codec) }
        },
        ConformanceCheck("replies come back as they were, results and errors apart") { codec in
            for value in samples.joined() {
                for reply in [RPCReply.result(value), .error(value)] {
                    let bytes = try codec.encode(reply, copy)
                    try expect(try codec.decodeReply(bytes.span.bytes), is: reply, "reply")
                }
            }
            for data in byteSamples {
                for reply in [RPCReply.bytes(data), .errorBytes(data)] {
                    let bytes = try codec.encode(reply, copy)
                    try expect(try codec.decodeReply(bytes.span.bytes), is: reply, "reply of bytes")
                }
            }
        },
        ConformanceCheck("messages of channels come back as they were") { codec in
            var messages: [StreamMessage] = [.accepted, .open(.values([])), .open(.bytes([]))]
            messages += samples.map { .open(.values($0)) }
            messages += samples.joined().flatMap { [.message(.value($0)), .message(.error($0))] }
            messages += byteSamples.flatMap { [.message(.bytes($0)), .message(.errorBytes($0)), .open(.bytes($0))] }
            for message in messages {
                let bytes = try codec.encode(message, copy)
                try expect(try codec.decodeStreamMessage(bytes.span.bytes), is: message, "message")
            }
        },
        ConformanceCheck("random values come back as they were") { codec in
            for seed in 1...300 as ClosedRange<UInt64> {
                var random = FastRandom(seed: seed)
                let values = (0..<Int(random.next() % 4)).map { _ in value(&random, depth: 0) }
                try roundTrip(.values(values), codec)
            }
        },
        ConformanceCheck("nothing set at all is no arguments and a null result") { codec in
            let nothing: [UInt8] = []
            try expect(try codec.decodeArguments(nothing.span.bytes), is: .values([]), "arguments")
            try expect(try codec.decodeReply(nothing.span.bytes), is: .result(.null), "reply")
        },
        ConformanceCheck("bytes that are cut or changed are decoded or refused with an error of the codec") { codec in
            // What traps or reads outside ends the process, which no check can report.
            for seed in 1...2_000 as ClosedRange<UInt64> {
                var random = FastRandom(seed: seed)
                var bytes = try codec.encode(.values([value(&random, depth: 0), "tail"]) as RPCArguments, copy)
                for _ in 0...(random.next() % 4) where !bytes.isEmpty {
                    bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
                }
                if random.next() % 2 == 0 { bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1)))) }
                _ = try? codec.decodeArguments(bytes.span.bytes)
                _ = try? codec.decodeReply(bytes.span.bytes)
                _ = try? codec.decodeStreamMessage(bytes.span.bytes)
            }
        },
        ConformanceCheck("what the body gives or throws is passed on") { codec in
            let count = try codec.encode(RPCReply.result("x")) { $0.byteCount }
            try expect(count > 0, "an encoded reply has \(count) bytes")
            try await expect(throwing: CancellationError.self) {
                try codec.encode(RPCArguments.values([1])) { _ in throw CancellationError() }
            }
            // And it is as good as new afterwards.
            try roundTrip(.values([1, "two"]), codec)
        },
        ConformanceCheck("encoding within encoding and from many tasks shares no memory") { codec in
            try codec.encode(RPCArguments.values(["outer"])) { outer in
                try roundTrip(.values(["inner", .array(Array(repeating: "x", count: 1_000))]), codec)
                try expect(try codec.decodeArguments(outer), is: .values(["outer"]), "outer arguments")
            }
            try await withThrowingTaskGroup { group in
                for task in 0..<8 {
                    group.addTask {
                        for number in 0..<200 {
                            try roundTrip(
                                .values(["task \(task)", .array(Array(repeating: "\(number)", count: 50))]), codec)
                            await Task.yield()
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
    ]

    private static let samples: [[LeverValue]] = [
        [], [.null], [true, false], [0, -1, 0.1, 1e300, -1e-300, 9_007_199_254_740_991],
        ["", "a", "grüße \u{1F30D}\0"],
        [[], [[[]]], [1, ["two", nil]]], [[:], ["": nil, "a": ["b": [1, [:]]]]], [nil, nil],
    ]

    private static let byteSamples: [[UInt8]] = [[], [0], Array(0...255), [UInt8](repeating: 7, count: 100_000)]

    private static func copy(_ bytes: RawSpan) -> [UInt8] {
        bytes.withUnsafeBytes { Array($0) }
    }

    private static func roundTrip(_ arguments: RPCArguments, _ codec: any ValueCodec) throws {
        let bytes = try codec.encode(arguments, copy)
        try expect(try codec.decodeArguments(bytes.span.bytes), is: arguments, "arguments")
    }

    private static func value(_ random: inout FastRandom, depth: Int) -> LeverValue {
        switch random.next() % (depth < 5 ? 7 : 5) {
        case 0: return .null
        case 1: return .bool(random.next() % 2 == 0)
        case 2: return .number(Double(Int32(truncatingIfNeeded: random.next())))
        case 3: return .number(Double(bitPattern: random.next() & 0x7FE0_FFFF_FFFF_FFFF))
        case 4: return .string(String(repeating: "é", count: Int(random.next() % 40)))
        case 5: return .array((0..<Int(random.next() % 5)).map { _ in value(&random, depth: depth + 1) })
        default:
            var object = LeverObject()
            for number in 0..<Int(random.next() % 5) { object["key \(number)"] = value(&random, depth: depth + 1) }
            return .object(object)
        }
    }
}
