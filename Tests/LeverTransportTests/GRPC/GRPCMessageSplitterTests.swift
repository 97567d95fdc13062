import LeverCore
import NIOCore
import Testing

@testable import LeverTransport

struct GRPCMessageSplitterTests {
    /// `BasicHello("name")` as old programs send it.
    private static let hello = "000000000a0a080a060a046e616d65"

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)!
        }
    }

    @Test func recordedMessages() throws {
        let writer = GRPCMessageWriter(maximumLength: 1_000)
        #expect(Array(buffer: try writer.frame(RPCArguments.values(["name"]))) == bytes(Self.hello))
        #expect(
            Array(buffer: try writer.frame(RPCReply.result("hello name")))
                == bytes("000000000e0a0c0a0a68656c6c6f206e616d65"))
        #expect(Array(buffer: try writer.frame(StreamMessage.accepted)) == [0, 0, 0, 0, 0])
        var splitter = GRPCMessageSplitter(maximumLength: 1_000)
        splitter.append(ByteBuffer(bytes: bytes(Self.hello)))
        let message = try #require(try splitter.next())
        #expect(try GRPCMessageWriter.arguments(message) == .values(["name"]))
        #expect(try splitter.next() == nil)
    }

    @Test func messagesComeInAnyPieces() throws {
        let messages = (0..<50).map { [UInt8](repeating: UInt8($0), count: $0 * 7) }
        var stream: [UInt8] = []
        for message in messages {
            stream += [0, 0, 0, UInt8(message.count >> 8), UInt8(message.count & 0xFF)] + message
        }
        for size in [1, 2, 3, 5, 6, 64, 1_000, stream.count] {
            var splitter = GRPCMessageSplitter(maximumLength: 10_000)
            var result: [[UInt8]] = []
            var start = 0
            while start < stream.count {
                let end = min(start + size, stream.count)
                splitter.append(ByteBuffer(bytes: stream[start..<end]))
                start = end
                while splitter.hasNext, let message = try splitter.next() { result.append(Array(buffer: message)) }
                #expect(try splitter.next() == nil)
            }
            #expect(result == messages)
            #expect(splitter.bufferedBytes == 0)
        }
    }

    @Test(
        arguments: [
            ([1, 0, 0, 0, 1, 0], RPCError.Reason.unsupportedEncoding), ([2, 0, 0, 0, 1, 0], .badMessage),
            ([255, 255, 255, 255, 255], .badMessage), ([0, 0, 0, 0, 101], .tooLarge),
            ([0, 255, 255, 255, 255], .tooLarge),
        ] as [([UInt8], RPCError.Reason)])
    func badPrefixesAreRefusedAtOnce(_ bytes: [UInt8], _ reason: RPCError.Reason) {
        var splitter = GRPCMessageSplitter(maximumLength: 100)
        splitter.append(ByteBuffer(bytes: bytes))
        #expect(splitter.hasNext)
        for _ in 0..<2 {
            #expect { try splitter.next() } throws: { ($0 as? RPCError)?.reason == reason }
        }
    }

    @Test func theLongestMessageIsTaken() throws {
        var splitter = GRPCMessageSplitter(maximumLength: 100)
        splitter.append(ByteBuffer(bytes: [0, 0, 0, 0, 100] + [UInt8](repeating: 1, count: 100)))
        #expect(try splitter.next()?.readableBytes == 100)
    }

    @Test func whatIsTooLongIsNotSent() {
        let writer = GRPCMessageWriter(maximumLength: 10)
        #expect { try writer.frame(RPCReply.bytes([UInt8](repeating: 1, count: 11))) } throws: {
            ($0 as? RPCError)?.reason == .tooLarge
        }
    }
}
