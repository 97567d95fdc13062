#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The last lines of a stream of bytes, in bounded memory: at most `capacity` lines and the one that has no end yet, each cut
/// at `lineLength` bytes. Text is repaired where it is not UTF-8, but only when it is asked for, so that a flood stays cheap.
struct OutputTail {
    private let capacity: Int
    private let lineLength: Int
    /// A ring once it is full; `next` is then its oldest line.
    private var lines: [[UInt8]] = []
    private var next = 0
    private var partial: [UInt8] = []
    private var droppedOfPartial = 0

    init(capacity: Int, lineLength: Int) {
        self.capacity = capacity
        self.lineLength = lineLength
    }

    /// Takes the next bytes of the stream.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while let base = rest.base.baseAddress, !rest.isEmpty {
            guard let end = memchr(base + rest.startIndex, 0x0A, rest.count) else { break }
            let index = UnsafeRawPointer(end) - base
            extendPartial(rest[rest.startIndex..<index])
            endLine()
            rest = rest[(index + 1)...]
        }
        extendPartial(rest)
    }

    /// The last lines, oldest first; a line without an end counts.
    func last(_ count: Int) -> [String] {
        var ordered = lines.count < capacity ? lines : Array(lines[next...] + lines[..<next])
        if !partial.isEmpty { ordered.append(cut(partial, droppedOfPartial)) }
        return ordered.suffix(max(0, min(count, capacity))).map { String(decoding: $0, as: UTF8.self) }
    }

    private mutating func extendPartial(_ bytes: Slice<UnsafeRawBufferPointer>) {
        let taken = min(bytes.count, lineLength - partial.count)
        partial.append(contentsOf: bytes.prefix(taken))
        droppedOfPartial += bytes.count - taken
    }

    private mutating func endLine() {
        if partial.last == 0x0D, droppedOfPartial == 0 { partial.removeLast() }
        let line = cut(partial, droppedOfPartial)
        partial.removeAll(keepingCapacity: true)
        droppedOfPartial = 0
        if lines.count < capacity {
            lines.append(line)
        } else {
            lines[next] = line
            next = (next + 1) % capacity
        }
    }

    private func cut(_ line: [UInt8], _ dropped: Int) -> [UInt8] {
        dropped == 0 ? line : line + Array(" … (\(dropped) more bytes)".utf8)
    }
}
