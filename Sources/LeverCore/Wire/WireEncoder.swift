/// Writes messages from their end.
struct WireEncoder: ~Copyable {
    var buffer: BackwardBuffer
    private let maximumDepth: Int

    init(maximumDepth: Int, capacity: Int = 256) {
        buffer = BackwardBuffer(capacity: capacity)
        self.maximumDepth = maximumDepth
    }

    mutating func write(_ arguments: RPCArguments) throws(CodecError) {
        switch arguments {
        case .values(let values):
            let end = buffer.count
            try writeElements(values, depth: 1)
            buffer.write(tag: WireTag.arguments, lengthSince: end)
        case .bytes(let bytes):
            write(tag: WireTag.byteArguments, bytes)
        }
    }

    mutating func write(_ reply: RPCReply) throws(CodecError) {
        switch reply {
        case .result(let value): try write(tag: WireTag.result, value)
        case .bytes(let bytes): write(tag: WireTag.byteResult, bytes)
        case .error(let value): try write(tag: WireTag.error, value)
        case .errorBytes(let bytes): write(tag: WireTag.byteError, bytes)
        }
    }

    mutating func write(_ message: StreamMessage) throws(CodecError) {
        switch message {
        case .open(let arguments):
            let end = buffer.count
            try write(arguments)
            buffer.write(tag: WireTag.rpc, lengthSince: end)
        case .accepted: break
        case .message(.value(let value)): try write(tag: WireTag.message, value)
        case .message(.bytes(let bytes)): write(tag: WireTag.byteMessage, bytes)
        case .message(.error(let value)): try write(tag: WireTag.streamError, value)
        case .message(.errorBytes(let bytes)): write(tag: WireTag.streamByteError, bytes)
        }
    }

    private mutating func write(tag: UInt8, _ bytes: [UInt8]) {
        let end = buffer.count
        bytes.withUnsafeBytes { buffer.write($0) }
        buffer.write(tag: tag, lengthSince: end)
    }

    private mutating func write(tag: UInt8, _ value: LeverValue) throws(CodecError) {
        let end = buffer.count
        try write(value, depth: 0)
        buffer.write(tag: tag, lengthSince: end)
    }

    @inline(__always)
    private mutating func write(tag: UInt8, _ text: String) {
        let end = buffer.count
        text.withContiguousUTF8 { buffer.write(short: UnsafeRawBufferPointer($0)) }
        buffer.write(tag: tag, lengthSince: end)
    }

    private mutating func writeElements(_ values: [LeverValue], depth: Int) throws(CodecError) {
        try values.withUnsafeBufferPointer { values throws(CodecError) in
            var index = values.count
            while index > 0 {
                index -= 1
                let end = buffer.count
                try write(values[index], depth: depth)
                buffer.write(tag: WireTag.element, lengthSince: end)
            }
        }
    }

    private mutating func writeProperties(_ object: LeverObject, depth: Int) throws(CodecError) {
        try object.withEntries { entries throws(CodecError) in
            var index = entries.count
            while index > 0 {
                index -= 1
                let propertyEnd = buffer.count
                try write(entries[index].value, depth: depth)
                buffer.write(tag: WireTag.value, lengthSince: propertyEnd)
                // The name is no member of a oneof: empty, its field is left out as protobuf does it.
                if !entries[index].key.isEmpty { write(tag: WireTag.name, entries[index].key) }
                buffer.write(tag: WireTag.element, lengthSince: propertyEnd)
            }
        }
    }

    private mutating func write(_ value: borrowing LeverValue, depth: Int) throws(CodecError) {
        switch value {
        case .null:
            break
        case .bool(let value):
            buffer.write(byte: value ? 1 : 0)
            buffer.write(byte: WireTag.bool)
        case .number(let value):
            buffer.write(tag: WireTag.number, number: value)
        case .string(let value):
            write(tag: WireTag.string, value)
        case .array(let values):
            try check(depth)
            let end = buffer.count
            try writeElements(values, depth: depth + 1)
            buffer.write(tag: WireTag.array, lengthSince: end)
        case .object(let object):
            try check(depth)
            let end = buffer.count
            try writeProperties(object, depth: depth + 1)
            buffer.write(tag: WireTag.object, lengthSince: end)
        }
    }

    @inline(__always)
    private func check(_ depth: Int) throws(CodecError) {
        if depth >= maximumDepth {
            throw CodecError(message: "the value is nested deeper than \(maximumDepth) levels", offset: 0)
        }
    }
}
