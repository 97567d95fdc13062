/// Keeps the lines of a container's two streams whole: they come in pieces by turns, and a log knows only one line at a time.
struct OutputStreams {
    /// Bytes of a line that are held back until its end comes; a longer one is handed on in pieces.
    private static let limit = 64 << 10

    /// What there is of the line of each stream that has no end yet.
    private var rests: [UInt8: [UInt8]] = [:]

    /// Takes bytes of a stream and hands whole lines on.
    mutating func take(_ bytes: UnsafeRawBufferPointer, of stream: UInt8, _ output: (UnsafeRawBufferPointer) -> Void) {
        guard let end = bytes.lastIndex(of: 0x0A) else {
            rests[stream, default: []].append(contentsOf: bytes)
            if rests[stream, default: []].count > Self.limit { release(stream, output) }
            return
        }
        release(stream, output)
        output(UnsafeRawBufferPointer(rebasing: bytes[...end]))
        if end + 1 < bytes.count { rests[stream] = Array(bytes[(end + 1)...]) }
    }

    /// Hands on what has no end and will get none, each as a line of its own.
    mutating func end(_ output: (UnsafeRawBufferPointer) -> Void) {
        for stream in rests.keys.sorted() {
            let isLast = rests.count == 1
            release(stream, output)
            if !isLast { [UInt8(ascii: "\n")].withUnsafeBytes { output($0) } }
        }
    }

    private mutating func release(_ stream: UInt8, _ output: (UnsafeRawBufferPointer) -> Void) {
        guard let rest = rests.removeValue(forKey: stream) else { return }
        rest.withUnsafeBytes { output($0) }
    }
}
