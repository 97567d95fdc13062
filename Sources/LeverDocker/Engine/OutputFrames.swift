import NIOCore

/// Takes the output of a container out of the frames that the engine puts it into: eight bytes of head (the stream, three zeros,
/// the length in four bytes, the highest first), then so many bytes.
///
/// Source: <https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach>.
struct OutputFrames {
    private var head: [UInt8] = []
    private var left = 0
    private var stream: UInt8 = 0

    /// Takes the next bytes, cut anywhere, and hands on what is in the frames, with the number of its stream.
    mutating func take(_ bytes: ByteBuffer, _ output: (UnsafeRawBufferPointer, UInt8) -> Void) {
        bytes.withUnsafeReadableBytes { all in
            var rest = all[...]
            while !rest.isEmpty {
                if left > 0 {
                    let count = min(left, rest.count)
                    output(UnsafeRawBufferPointer(rebasing: rest.prefix(count)), stream)
                    rest = rest.dropFirst(count)
                    left -= count
                    continue
                }
                let count = min(8 - head.count, rest.count)
                head.append(contentsOf: rest.prefix(count))
                rest = rest.dropFirst(count)
                guard head.count == 8 else { continue }
                stream = head[0]
                left = head[4...].reduce(0) { $0 << 8 | Int($1) }
                head.removeAll(keepingCapacity: true)
            }
        }
    }
}
