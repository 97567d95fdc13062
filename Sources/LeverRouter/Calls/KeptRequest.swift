import NIOCore

/// The request of a call so far, from its first byte, for another attempt. Short data is copied, since a slice would hold on
/// to the whole read buffer; long data is not.
struct KeptRequest {
    private static let longData = 4_096

    private var start = ByteBufferAllocator().buffer(capacity: 256)
    private var rest: [ByteBuffer] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ data: ByteBuffer) {
        count += data.readableBytes
        if rest.isEmpty, data.readableBytes < Self.longData {
            start.writeImmutableBuffer(data)
        } else {
            rest.append(data)
        }
    }

    /// Forgets all, and keeps a little memory for the next call.
    mutating func removeAll() {
        guard count > 0 else { return }
        count = 0
        if start.capacity > 4_096 { start = ByteBufferAllocator().buffer(capacity: 256) } else { start.clear() }
        if !rest.isEmpty { rest.removeAll() }
    }

    /// Hands out the parts in order, the last one marked.
    func forEach(_ body: (_ part: ByteBuffer, _ isLast: Bool) -> Void) {
        guard !rest.isEmpty else { return body(start, true) }
        if start.readableBytes > 0 { body(start, false) }
        for (index, part) in rest.enumerated() { body(part, index == rest.count - 1) }
    }
}
