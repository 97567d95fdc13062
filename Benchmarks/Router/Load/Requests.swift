import LeverTransport
import Logging
import NIOCore

/// What came of a load: how many calls or messages failed, and the time of each in ns.
struct LoadResult {
    var failures = 0
    var latencies: [Int64] = []
}

/// The heads and bodies that are sent.
enum Requests {
    /// The service that is called.
    static let service = "hello"

    static func head(_ method: String, resource: Int?, isChannel: Bool = false) -> HTTP2EncodedHead {
        HTTP2EncodedHead([
            (":method", "POST"), (":scheme", "http"),
            (":path", isChannel ? "/core.LeverRPC/HandleStreamingRPC" : "/core.LeverRPC/HandleRPC"),
            (":authority", "dev.lever"), ("content-type", "application/grpc"), ("user-agent", "benchmark/1"),
            ("te", "trailers"),
            ("lever-url", "lever://dev.lever/\(service)/\(resource.map { "resource-\($0)" } ?? "")/\(method)"),
        ])
    }

    /// The message of a call, framed, of so many bytes in all: the arguments `["name"]`, or bytes where it is longer.
    static func call(_ bytes: Int) -> ByteBuffer {
        message(bytes, short: [0x0A, 0x08, 0x0A, 0x06, 0x0A, 0x04] + Array("name".utf8), bytesTag: 0x12)
    }

    /// The first message of a channel: no arguments.
    static let open = framed([0x0A, 0x02, 0x0A, 0x00])

    /// A later message of a channel: the text "name", or bytes.
    static func channelMessage(_ bytes: Int) -> ByteBuffer {
        message(bytes, short: [0x12, 0x06, 0x0A, 0x04] + Array("name".utf8), bytesTag: 0x1A)
    }

    private static func framed(_ payload: [UInt8]) -> ByteBuffer {
        var message = ByteBuffer()
        message.writeInteger(UInt8(0))
        message.writeInteger(UInt32(payload.count))
        message.writeBytes(payload)
        return message
    }

    private static func message(_ bytes: Int, short: [UInt8], bytesTag: UInt8) -> ByteBuffer {
        guard bytes > short.count + 11 else { return framed(short) }
        // A field of bytes, its length as a varint of five bytes.
        let length = bytes - 11
        let varint = (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 7)) | 0x80 } + [UInt8(length >> 28)]
        return framed([bytesTag] + varint + [UInt8](repeating: 0x61, count: length))
    }

    static func endpoints(_ eventLoop: any EventLoop, port: Int, connections: Int) -> [HTTP2Endpoint] {
        (0..<connections).map { _ in
            HTTP2Endpoint(
                address: .tcp(host: "127.0.0.1", port: port), eventLoop: eventLoop, logger: Logger(label: "load"))
        }
    }
}
