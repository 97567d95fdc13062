import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A line that an instance wrote.
public struct OutputLine: Sendable, Hashable {
    /// When it was complete, in seconds since 1970.
    public var time: Double
    /// The line without its end.
    public var text: String
}

/// The last lines of what an instance writes, in bounded memory, for any number of readers: a driver appends bytes as they
/// come, cut anywhere, and never waits for a reader.
///
/// Each line is cut at a length. Text is repaired where it is not UTF-8, but only when it is read, so that a flood stays cheap.
public final class OutputLog: Sendable {
    /// A line as it is kept.
    package struct Line: Sendable, Hashable {
        /// When it was complete, in seconds since 1970.
        package var time: Double
        /// The line without its end; any bytes but 0x0A.
        package var bytes: [UInt8]

        package init(time: Double, bytes: [UInt8]) {
            self.time = time
            self.bytes = bytes
        }
    }

    /// What there is of the line that has no end yet.
    private struct Partial: Sendable {
        var bytes: [UInt8] = []
        /// Bytes past the length of a line.
        var dropped = 0
        var time = 0.0
        /// Where whole lines go, beside the memory.
        var sink: (any OutputSink)?
    }

    private let capacity: Int
    private let lineLength: Int
    private let lines: BoundedLog<Line>
    private let partial = Mutex(Partial())

    /// Makes an empty log.
    ///
    /// - Parameters:
    ///   - capacity: How many lines are kept, at least one.
    ///   - lineLength: Bytes of a line that are kept.
    public init(capacity: Int = 200, lineLength: Int = 4096) {
        self.capacity = max(1, capacity)
        self.lineLength = max(1, lineLength)
        lines = BoundedLog(capacity: capacity)
    }

    /// Takes the next bytes of the output.
    ///
    /// - Parameters:
    ///   - bytes: The bytes, of which no copy is kept but for the lines.
    ///   - time: When, in seconds since 1970.
    public func append(_ bytes: UnsafeRawBufferPointer, at time: Double) {
        partial.withLock { partial in
            var whole: [Line] = []
            var rest = bytes[...]
            while let base = rest.base.baseAddress, !rest.isEmpty {
                guard let end = memchr(base + rest.startIndex, 0x0A, rest.count) else { break }
                let index = UnsafeRawPointer(end) - base
                extend(&partial, rest[rest.startIndex..<index])
                whole.append(endLine(&partial, time))
                rest = rest[(index + 1)...]
            }
            extend(&partial, rest)
            partial.time = time
            // Within the lock, so that lines stay in order whoever appends.
            add(whole, partial.sink)
        }
    }

    /// Takes a text as the next bytes of the output.
    public func append(_ text: String, at time: Double) {
        Array(text.utf8).withUnsafeBytes { append($0, at: time) }
    }

    /// Says that nothing more comes: a line without an end is complete, and readers end after the last one.
    public func end() {
        partial.withLock { partial in
            if !partial.bytes.isEmpty { add([endLine(&partial, partial.time)], partial.sink) }
            lines.end()
            partial.sink = nil
        }
    }

    /// The last lines, oldest first, at most `count`; a line without an end counts.
    public func last(_ count: Int) -> [String] {
        var texts = lines.newest(count).elements.map(\.bytes)
        partial.withLock { if !$0.bytes.isEmpty { texts.append(cut($0)) } }
        return texts.suffix(max(0, min(count, capacity))).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Keeping

    /// Has all whole lines go to a sink, too: those that are there, at once, and those that come.
    package func attach(_ sink: any OutputSink) {
        partial.withLock { partial in
            let batch = lines.newest(.max)
            if !batch.elements.isEmpty { sink.take(batch.elements, after: batch.last - batch.elements.count) }
            if !lines.hasEnded { partial.sink = sink }
        }
    }

    /// Lets nothing more go to the sink.
    package func detach() {
        partial.withLock { $0.sink = nil }
    }

    private func add(_ whole: [Line], _ sink: (any OutputSink)?) {
        guard !whole.isEmpty else { return }
        sink?.take(whole, after: lines.last)
        lines.append(contentsOf: whole)
    }

    // MARK: Following

    /// The number of the newest complete line; 0 before the first.
    package var lastNumber: Int { lines.last }

    /// Whether nothing more comes.
    package var hasEnded: Bool { lines.hasEnded }

    /// The last complete lines, at most `count`.
    package func newest(_ count: Int) -> BoundedLog<OutputLine>.Batch {
        Self.text(lines.newest(count))
    }

    /// The complete lines after a number, the oldest `limit` of them, and how many before them were overwritten; at once.
    package func read(after number: Int, limit: Int) -> BoundedLog<OutputLine>.Batch {
        Self.text(lines.read(after: number, limit: limit))
    }

    /// Waits until there are complete lines after a number and gives that of the newest; `nil` once there will be none, or where
    /// the task is cancelled.
    package func changed(after number: Int) async -> Int? {
        await lines.changed(after: number)
    }

    private static func text(_ batch: BoundedLog<Line>.Batch) -> BoundedLog<OutputLine>.Batch {
        .init(
            elements: batch.elements.map { OutputLine(time: $0.time, text: String(decoding: $0.bytes, as: UTF8.self)) },
            dropped: batch.dropped, last: batch.last)
    }

    // MARK: Lines

    private func extend(_ partial: inout Partial, _ bytes: Slice<UnsafeRawBufferPointer>) {
        let taken = min(bytes.count, lineLength - partial.bytes.count)
        partial.bytes.append(contentsOf: bytes.prefix(taken))
        partial.dropped += bytes.count - taken
    }

    private func endLine(_ partial: inout Partial, _ time: Double) -> Line {
        if partial.bytes.last == 0x0D, partial.dropped == 0 { partial.bytes.removeLast() }
        defer {
            partial.bytes.removeAll(keepingCapacity: true)
            partial.dropped = 0
        }
        return Line(time: time, bytes: cut(partial))
    }

    private func cut(_ partial: Partial) -> [UInt8] {
        partial.dropped == 0 ? partial.bytes : partial.bytes + Array(" … (\(partial.dropped) more bytes)".utf8)
    }
}
