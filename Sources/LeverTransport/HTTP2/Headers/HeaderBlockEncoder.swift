/// Encodes the header blocks of one connection (RFC 7541) and keeps those of heads that are sent again.
///
/// Fields that tend to repeat go into the dynamic table, those that tell calls apart (destination, deadline, call id) do
/// not: they would push the others out. Texts are written plainly, without Huffman coding: between the parts of one
/// machine or data centre the bytes are cheaper than the work. An encoded block that inserted nothing is kept and sent
/// again as it is until the table changes.
struct HeaderBlockEncoder {
    private final class Entry {
        /// The head's number, not the head: that goes with the connection that it came over.
        let number: UInt64
        let tableChanges: Int
        let bytes: [UInt8]

        init(number: UInt64, tableChanges: Int, bytes: [UInt8]) {
            self.number = number
            self.tableChanges = tableChanges
            self.bytes = bytes
        }
    }

    private var table = HeaderEncodingTable()
    private var tableChanges = 0
    private let cache = BlockCache<Entry>()
    /// Size changes that the next block must announce: the smallest since the last block, then the final one.
    private var announcedSizes: [Int] = []

    /// Takes the peer's limit on the dynamic table; more than this side's own bound is not used.
    mutating func setTableSize(_ size: Int) {
        let size = min(size, HeaderEncodingTable.maximumSize)
        guard size != table.capacity || !announcedSizes.isEmpty else { return }
        if let smallest = announcedSizes.first, size > smallest {
            announcedSizes = [smallest, size]
        } else {
            announcedSizes = [size]
        }
        table.capacity = size
        tableChanges += 1
    }

    /// Encodes a head.
    mutating func encode(_ head: HTTP2EncodedHead) -> [UInt8] {
        if let beginning = head.beginning {
            // A block is the encoded fields one after the other, whatever was encoded before (RFC 7541, 2.1 and 3.1).
            var bytes = encode(beginning)
            for (name, value) in head.own { encode(name, value, to: &bytes) }
            return bytes
        }
        if let entry = cache.entry(Self.hash(head.number)), entry.number == head.number,
            entry.tableChanges == tableChanges
        {
            return entry.bytes
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(128)
        let isPlain = announcedSizes.isEmpty
        for size in announcedSizes { Self.writeInteger(size, prefix: 5, pattern: 0x20, to: &bytes) }
        announcedSizes.removeAll()
        let before = tableChanges
        for (name, value) in head.own { encode(name, value, to: &bytes) }
        if isPlain, before == tableChanges {
            let changes = tableChanges
            cache.store(
                Entry(number: head.number, tableChanges: changes, bytes: bytes), hash: Self.hash(head.number),
                isValid: { $0.tableChanges == changes }, rehash: { Self.hash($0.number) })
        }
        return bytes
    }

    /// Numbers that follow each other lie apart (Fibonacci hashing).
    @inline(__always)
    private static func hash(_ number: UInt64) -> UInt {
        UInt(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) >> 40)
    }

    private mutating func encode(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        let found = table.find(name, value)
        if let whole = found.field {
            Self.writeInteger(whole, prefix: 7, pattern: 0x80, to: &bytes)
            return
        }
        let indexing = Self.indexing(name, value)
        switch indexing {
        case .insert where table.insert(name, value):
            tableChanges += 1
            Self.writeInteger(found.name ?? 0, prefix: 6, pattern: 0x40, to: &bytes)
        case .never:
            Self.writeInteger(found.name ?? 0, prefix: 4, pattern: 0x10, to: &bytes)
        case .insert, .leaveOut:
            Self.writeInteger(found.name ?? 0, prefix: 4, pattern: 0x00, to: &bytes)
        }
        if found.name == nil { Self.writeText(name, to: &bytes) }
        Self.writeText(value, to: &bytes)
    }

    private enum Indexing {
        case insert
        case leaveOut
        /// Secrets: nobody on the way may put them into a table either.
        case never
    }

    private static func indexing(_ name: String, _ value: String) -> Indexing {
        switch name {
        case "authorization", "cookie", "set-cookie", "proxy-authorization":
            .never
        case ":path", "lever-url", "lever-call-id", "lever-resource-epoch", "lever-timeout", "grpc-timeout",
            "grpc-message", "content-length", "date", "traceparent", "tracestate":
            .leaveOut
        default:
            value.utf8.count <= 256 ? .insert : .leaveOut
        }
    }

    private static func writeInteger(_ value: Int, prefix: Int, pattern: UInt8, to bytes: inout [UInt8]) {
        let limit = (1 << prefix) - 1
        guard value >= limit else {
            bytes.append(pattern | UInt8(truncatingIfNeeded: value))
            return
        }
        bytes.append(pattern | UInt8(truncatingIfNeeded: limit))
        var rest = value - limit
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private static func writeText(_ text: String, to bytes: inout [UInt8]) {
        writeInteger(text.utf8.count, prefix: 7, pattern: 0, to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }
}
