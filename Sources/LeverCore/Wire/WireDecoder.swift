/// Reads messages in one pass. Fields come in any order, unknown ones are skipped, the last member of a oneof wins, and
/// a message-typed field that is seen again is merged into what it was.
struct WireDecoder: ~Copyable {
    private let base: UnsafeRawPointer
    private let limits: ValueLimits
    private var elements = 0
    private var values = MoveStack<LeverValue>()
    private var entries = MoveStack<LeverObject.Entry>()

    init(base: UnsafeRawPointer, limits: ValueLimits) {
        self.base = base
        self.limits = limits
    }

    // MARK: Messages

    mutating func arguments(_ message: WireReader) throws(CodecError) -> RPCArguments? {
        var result: RPCArguments?
        var reader = message
        while !reader.isAtEnd {
            let field = try reader.next()
            switch field.tag {
            case UInt64(WireTag.arguments):
                var earlier: [LeverValue] = []
                if case .values(let values)? = result { earlier = values }
                result = .values(try list(reader.reader(of: field), after: earlier, depth: 1))
            case UInt64(WireTag.byteArguments): result = .bytes(reader.bytes(field))
            default: break
            }
        }
        return result
    }

    mutating func reply(_ message: WireReader) throws(CodecError) -> RPCReply {
        var result = RPCReply.result(.null)
        var reader = message
        while !reader.isAtEnd {
            let field = try reader.next()
            switch field.tag {
            case UInt64(WireTag.result):
                var earlier = LeverValue.null
                if case .result(let value) = result { earlier = value }
                result = .result(try value(reader.reader(of: field), merging: earlier, depth: 0))
            case UInt64(WireTag.byteResult): result = .bytes(reader.bytes(field))
            case UInt64(WireTag.error):
                var earlier = LeverValue.null
                if case .error(let value) = result { earlier = value }
                result = .error(try value(reader.reader(of: field), merging: earlier, depth: 0))
            case UInt64(WireTag.byteError): result = .errorBytes(reader.bytes(field))
            default: break
            }
        }
        return result
    }

    mutating func streamMessage(_ message: WireReader) throws(CodecError) -> StreamMessage {
        var result = StreamMessage.accepted
        var rpc: RPCArguments?
        var reader = message
        while !reader.isAtEnd {
            let field = try reader.next()
            switch field.tag {
            case UInt64(WireTag.rpc):
                if case .open = result {} else { rpc = nil }
                if let more = try arguments(reader.reader(of: field)) {
                    if case .values(let earlier)? = rpc, case .values(let later) = more {
                        rpc = .values(earlier + later)
                    } else {
                        rpc = more
                    }
                }
                result = .open(rpc ?? .values([]))
            case UInt64(WireTag.message):
                var earlier = LeverValue.null
                if case .message(.value(let value)) = result { earlier = value }
                result = .message(.value(try value(reader.reader(of: field), merging: earlier, depth: 0)))
            case UInt64(WireTag.byteMessage): result = .message(.bytes(reader.bytes(field)))
            case UInt64(WireTag.streamError):
                var earlier = LeverValue.null
                if case .message(.error(let value)) = result { earlier = value }
                result = .message(.error(try value(reader.reader(of: field), merging: earlier, depth: 0)))
            case UInt64(WireTag.streamByteError): result = .message(.errorBytes(reader.bytes(field)))
            default: break
            }
        }
        return result
    }

    // MARK: Values

    /// The value of a message that holds one text, number or truth value and nothing else, as nearly all do. What was there
    /// before does not matter then: the last member of the oneof counts.
    @inline(__always)
    private func onlyScalar(_ message: WireReader) throws(CodecError) -> LeverValue? {
        let size = message.end - message.position
        guard size >= 2 else { return nil }
        let second = message.byte(at: message.position + 1)
        switch message.byte(at: message.position) {
        case WireTag.string where second < 0x80 && Int(second) == size - 2:
            return .string(
                try message.text(.init(tag: UInt64(WireTag.string), start: message.position + 2, end: message.end)))
        case WireTag.number where size == 9:
            return .number(number(message.position + 1))
        case WireTag.bool where size == 2 && second < 2:
            return .bool(second == 1)
        default:
            return nil
        }
    }

    @inline(__always)
    private func number(_ offset: Int) -> Double {
        let bits = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        return Double(bitPattern: UInt64(littleEndian: bits))
    }

    private mutating func value(
        _ message: WireReader, merging earlier: LeverValue, depth: Int
    ) throws(CodecError) -> LeverValue {
        if let only = try onlyScalar(message) { return only }
        var result = earlier
        var reader = message
        while !reader.isAtEnd {
            let field = try reader.next()
            switch field.tag {
            case UInt64(WireTag.string):
                result = .string(try reader.text(field))
            case UInt64(WireTag.number):
                result = .number(number(field.start))
            case UInt64(WireTag.bool):
                result = .bool((field.start..<field.end).contains { reader.byte(at: $0) & 0x7F != 0 })
            case UInt64(WireTag.array):
                try check(depth, field.start)
                var earlier: [LeverValue] = []
                if case .array(let values) = result { earlier = values }
                result = .array(try list(reader.reader(of: field), after: earlier, depth: depth + 1))
            case UInt64(WireTag.object):
                try check(depth, field.start)
                var earlier = LeverObject()
                if case .object(let object) = result { earlier = object }
                result = .object(try object(reader.reader(of: field), after: earlier, depth: depth + 1))
            default:
                break
            }
        }
        return result
    }

    private mutating func list(
        _ message: WireReader, after earlier: [LeverValue], depth: Int
    ) throws(CodecError) -> [LeverValue] {
        let first = values.count
        if !earlier.isEmpty { for value in earlier { values.push(value) } }
        var reader = message
        while !reader.isAtEnd {
            let field = try reader.next()
            guard field.tag == UInt64(WireTag.element) else { continue }
            try countElement(field)
            values.push(try value(reader.reader(of: field), merging: .null, depth: depth))
        }
        return values.popArray(from: first)
    }

    private mutating func object(
        _ message: WireReader, after earlier: LeverObject, depth: Int
    ) throws(CodecError) -> LeverObject {
        let first = entries.count
        if !earlier.isEmpty {
            for entry in earlier { entries.push(LeverObject.Entry(key: entry.key, value: entry.value)) }
        }
        var keys = RepeatedKeys()
        var reader = message
        while !reader.isAtEnd {
            let field = try reader.next()
            guard field.tag == UInt64(WireTag.element) else { continue }
            try countElement(field)
            var property = reader.reader(of: field)
            var name = ""
            var nameBytes = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            var contents = LeverValue.null
            while !property.isAtEnd {
                let part = try property.next()
                switch part.tag {
                case UInt64(WireTag.name):
                    name = try property.text(part)
                    nameBytes = property.buffer(part)
                case UInt64(WireTag.value):
                    contents = try value(property.reader(of: part), merging: contents, depth: depth)
                default: break
                }
            }
            keys.note(nameBytes)
            entries.push(LeverObject.Entry(key: name, value: contents))
        }
        return LeverObject(
            entries: entries.popEntries(from: first), mayRepeat: keys.arePossible || !earlier.isEmpty)
    }

    @inline(__always)
    private mutating func countElement(_ field: WireReader.Field) throws(CodecError) {
        elements += 1
        if elements > limits.maximumElements { throw tooMany(field.start) }
    }

    @inline(never)
    private func tooMany(_ offset: Int) -> CodecError {
        CodecError(message: "the message holds more than \(limits.maximumElements) elements", offset: offset)
    }

    @inline(__always)
    private func check(_ depth: Int, _ offset: Int) throws(CodecError) {
        if depth >= limits.maximumDepth {
            throw CodecError(message: "the value is nested deeper than \(limits.maximumDepth) levels", offset: offset)
        }
    }
}
