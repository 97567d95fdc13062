import AsyncHTTPClient
import LeverCore
import NIOCore

/// Cuts a stream of JSON values, each on a line of its own, into them.
struct JSONLines {
    /// The longest line.
    private static let limit = 4 << 20

    private var rest = ByteBuffer()

    /// Takes the next bytes and gives the lines that are whole; what is no JSON is passed over.
    mutating func take(_ bytes: ByteBuffer) throws -> [LeverValue] {
        var bytes = bytes
        rest.writeBuffer(&bytes)
        var values: [LeverValue] = []
        while let end = rest.readableBytesView.firstIndex(of: 0x0A) {
            let line = rest.readBytes(length: end - rest.readerIndex) ?? []
            rest.moveReaderIndex(forwardBy: 1)
            if let value = try? LeverValue(json: line) { values.append(value) }
        }
        guard rest.readableBytes <= Self.limit else {
            throw EngineError(status: nil, message: "the container engine sent a line without an end")
        }
        rest.discardReadBytes()
        return values
    }
}
