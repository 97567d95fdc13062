import NIOCore
import NIOHPACK
import Testing

@testable import LeverTransport

/// Blocks are read back with the HPACK implementation of swift-nio-http2.
@Suite("Header blocks") struct HeaderBlockEncoderTests {
    @Test func headThatBeginsAsAKeptOneHasAllFieldsEachTime() throws {
        var encoder = HeaderBlockEncoder()
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        let kept = HTTP2EncodedHead([
            (":method", "POST"), (":path", "/core.LeverRPC/HandleRPC"), ("te", "trailers"),
            ("lever-url", "lever://dev.lever/chat/room-1/Say"), ("lever-resource-epoch", "4294967297"),
        ])
        let other = HTTP2EncodedHead([(":method", "POST"), (":path", "/x"), ("user-agent", "a"), ("x-other", "b")])
        for call in 0..<20 {
            // Now and then a block that changes the table comes between.
            if call % 5 == 3 {
                var bytes = ByteBuffer(bytes: encoder.encode(other))
                _ = try decoder.decodeHeaders(from: &bytes)
            }
            let head = HTTP2EncodedHead(kept, followedBy: [("lever-call-id", "id-\(call)")])
            var bytes = ByteBuffer(bytes: encoder.encode(head))
            let read = try decoder.decodeHeaders(from: &bytes)
            #expect(read.map { "\($0.name): \($0.value)" } == head.fields.map { "\($0.name): \($0.value)" })
            #expect(read.first(name: "lever-call-id") == "id-\(call)")
        }
    }
}
