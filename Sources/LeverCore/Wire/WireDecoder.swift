/// Reads messages in one pass. Fields come in any order, unknown ones are skipped, the last member of a oneof wins, and
/// a message-typed field that is seen again is merged into what it was.
struct WireDecoder {
    private let base: UnsafeRawPointer
    private let limits: ValueLimits
    private var elements = 0

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
                var values: [LeverValue] = []
                if case .values(let earlier)? = result { values = earlier }
                result = nil
                try appendElements(reader.reader(of: field), to: &values, depth: 1)
                result = .values(values)
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

    private mutating func value(
        _ message: WireReader, merging earlier: LeverValue, depth: Int
    ) throws(CodecError) -> LeverValue {
        var result = earlier
        var reader = message
        while !reader.isAtEnd {
            let field = try reader.next()
            switch field.tag {
            case UInt64(WireTag.string):
                result = .string(try reader.text(field))
            case UInt64(WireTag.number):
                let bits = base.loadUnaligned(fromByteOffset: field.start, as: UInt64.self)
                result = .number(Double(bitPattern: UInt64(littleEndian: bits)))
            case UInt64(WireTag.bool):
                result = .bool((field.start..<field.end).contains { reader.byte(at: $0) & 0x7F != 0 })
            case UInt64(WireTag.array):
                try check(depth, field.start)
                var values: [LeverValue] = []
                if case .array(let known) = result { values = known }
                result = .null
                try appendElements(reader.reader(of: field), to: &values, depth: depth + 1)
                result = .array(values)
            case UInt64(WireTag.object):
                try check(depth, field.start)
                var entries: ContiguousArray<(key: String, value: LeverValue)> = []
                if case .object(let known) = result { entries.append(contentsOf: known) }
                result = .null
                try appendProperties(reader.reader(of: field), to: &entries, depth: depth + 1)
                result = .object(LeverObject(entries: entries))
            default:
                break
            }
        }
        return result
    }

    private mutating func appendElements(
        _ list: WireReader, to values: inout [LeverValue], depth: Int
    ) throws(CodecError) {
        try reserve(list, &values)
        var reader = list
        while !reader.isAtEnd {
            let field = try reader.next()
            guard field.tag == UInt64(WireTag.element) else { continue }
            values.append(try value(reader.reader(of: field), merging: .null, depth: depth))
        }
    }

    private mutating func reserve(_ list: WireReader, _ values: inout [LeverValue]) throws(CodecError) {
        let count = try count(list)
        values.reserveCapacity(values.count + count)
    }

    private mutating func appendProperties(
        _ list: WireReader, to entries: inout ContiguousArray<(key: String, value: LeverValue)>, depth: Int
    ) throws(CodecError) {
        let count = try count(list)
        entries.reserveCapacity(entries.count + count)
        var reader = list
        while !reader.isAtEnd {
            let field = try reader.next()
            guard field.tag == UInt64(WireTag.element) else { continue }
            var property = reader.reader(of: field)
            var name = ""
            var contents = LeverValue.null
            while !property.isAtEnd {
                let part = try property.next()
                switch part.tag {
                case UInt64(WireTag.name): name = try property.text(part)
                case UInt64(WireTag.value):
                    contents = try value(property.reader(of: part), merging: contents, depth: depth)
                default: break
                }
            }
            entries.append((name, contents))
        }
    }

    /// Counts the entries of a list, so that its memory is taken once, and bounds them.
    private mutating func count(_ list: WireReader) throws(CodecError) -> Int {
        var reader = list
        var count = 0
        while !reader.isAtEnd {
            if try reader.next().tag == UInt64(WireTag.element) { count += 1 }
        }
        elements += count
        guard elements <= limits.maximumElements else {
            throw CodecError(
                message: "the message holds more than \(limits.maximumElements) elements", offset: list.position)
        }
        return count
    }

    private func check(_ depth: Int, _ offset: Int) throws(CodecError) {
        if depth >= limits.maximumDepth {
            throw CodecError(message: "the value is nested deeper than \(limits.maximumDepth) levels", offset: offset)
        }
    }
}
