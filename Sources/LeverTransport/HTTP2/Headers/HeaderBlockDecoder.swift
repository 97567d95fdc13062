import NIOCore
import NIOHPACK

/// Decodes the header blocks of one connection, and keeps those that repeat.
///
/// A block that leaves the dynamic table as it is (no insertion, no change of size) means the same the next time the same
/// bytes come, as long as the table has not changed in between. So blocks are kept under their raw bytes with the number of
/// table changes seen so far, and peers that send the same heads again and again cost one comparison each time.
struct HeaderBlockDecoder {
    /// An object, so that looking at one costs one count of references.
    private final class Entry {
        let hash: UInt
        let bytes: ByteBuffer
        let kind: HeaderBlockKind
        let tableChanges: Int
        let head: HTTP2Head

        init(hash: UInt, bytes: ByteBuffer, kind: HeaderBlockKind, tableChanges: Int, head: HTTP2Head) {
            self.hash = hash
            self.bytes = bytes
            self.kind = kind
            self.tableChanges = tableChanges
            self.head = head
        }
    }

    private static let longestKept = 2_048

    private var decoder: HPACKDecoder
    private let maximumListSize: Int
    private var tableChanges = 0
    private let cache = BlockCache<Entry>()

    init(tableSize: Int, maximumListSize: Int) {
        // Past the hard limit decoding stops in the middle, which ends the connection; between the two the block is decoded,
        // so that the table stays right, and refused for its stream alone.
        decoder = HPACKDecoder(
            allocator: ByteBufferAllocator(), maxDynamicTableSize: tableSize, maxHeaderListSize: maximumListSize * 4)
        self.maximumListSize = maximumListSize
    }

    /// Decodes a whole block.
    ///
    /// - Throws: ``HTTP2Error`` of the connection where the block cannot be decoded, of the stream where it is malformed.
    mutating func decode(
        _ block: ByteBuffer, as kind: HeaderBlockKind, of stream: UInt32
    ) throws(HTTP2Error) -> HTTP2Head {
        let (hash, changesTable) = block.withUnsafeReadableBytes { (Self.hash($0), Self.changesTable($0)) }
        if !changesTable, let entry = cache.entry(hash), entry.hash == hash, entry.tableChanges == tableChanges,
            entry.kind == kind, entry.bytes == block
        {
            return entry.head
        }
        if changesTable { tableChanges += 1 }
        let headers: HPACKHeaders
        do {
            var block = block
            headers = try decoder.decodeHeaders(from: &block)
        } catch is NIOHPACKErrors.MaxHeaderListSizeViolation {
            throw .connection(.enhanceYourCalm, "a header block of more than \(maximumListSize * 4) bytes")
        } catch {
            throw .connection(.compressionError, "a header block cannot be decoded: \(error)")
        }
        let size = headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
        guard size <= maximumListSize else {
            throw .stream(
                stream, .enhanceYourCalm, "the header block has \(size) bytes; the limit is \(maximumListSize)")
        }
        let head: HTTP2Head
        do {
            head = try HTTP2Head(validating: headers, as: kind)
        } catch {
            throw .stream(stream, .protocolError, error.reason)
        }
        if !changesTable, block.readableBytes <= Self.longestKept {
            // A copy of its own: a slice would keep the whole read buffer alive.
            let entry = Entry(
                hash: hash, bytes: ByteBuffer(bytes: block.readableBytesView), kind: kind, tableChanges: tableChanges,
                head: head)
            let changes = tableChanges
            cache.store(entry, hash: hash, isValid: { $0.tableChanges == changes }, rehash: \.hash)
        }
        return head
    }

    /// FNV-1a over words, with the tail byte by byte: only the choice of a slot depends on it.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var offset = 0
        while offset + 8 <= bytes.count {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x100_0000_01B3
            offset += 8
        }
        while offset < bytes.count {
            hash = (hash ^ UInt64(bytes[offset])) &* 0x100_0000_01B3
            offset += 1
        }
        hash ^= hash >> 32
        return UInt(truncatingIfNeeded: hash ^ (hash >> 16))
    }

    /// Walks over a block's representations (RFC 7541, section 6) and says whether one of them changes the dynamic table.
    /// A block that is cut off counts as changing it: it will not decode.
    static func changesTable(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let first = bytes[offset]
            if first & 0x80 != 0 {
                guard integer(bytes, &offset, prefix: 7) != nil else { return true }
                continue
            }
            // 01: literal with indexing, 001: size of the table.
            if first & 0xE0 != 0 { return true }
            guard let name = integer(bytes, &offset, prefix: 4) else { return true }
            for _ in 0..<(name == 0 ? 2 : 1) {
                guard offset < bytes.count, let length = integer(bytes, &offset, prefix: 7),
                    length <= bytes.count - offset
                else { return true }
                offset += length
            }
        }
        return false
    }

    private static func integer(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int, prefix: Int) -> Int? {
        let mask = UInt8(truncatingIfNeeded: (1 << prefix) - 1)
        var value = Int(bytes[offset] & mask)
        offset += 1
        guard value == Int(mask) else { return value }
        var shift = 0
        while offset < bytes.count, shift <= 21 {
            let byte = bytes[offset]
            offset += 1
            value += Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }
}
