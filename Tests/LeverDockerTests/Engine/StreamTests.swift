import LeverCore
import NIOCore
import Testing

@testable import LeverDocker

@Suite("What an engine streams")
struct StreamTests {
    @Test("values are whole wherever the stream is cut")
    func lines() throws {
        let text = "{\"a\":1}\nno json\n\n{\"b\":\"é\"}\n{\"c\""
        for size in 1...text.utf8.count {
            var lines = JSONLines()
            var values: [LeverValue] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                values += try lines.take(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(values == [["a": 1], ["b": "é"]])
        }
    }

    @Test("a line without an end is refused before it fills the memory")
    func endless() throws {
        var lines = JSONLines()
        #expect(throws: EngineError.self) {
            for _ in 0..<100 { _ = try lines.take(ByteBuffer(repeating: 0x20, count: 1 << 16)) }
        }
    }

    @Test("output comes out of its frames wherever the stream is cut")
    func frames() {
        let bytes: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 3] + Array("one".utf8) + [2, 0, 0, 0, 0, 0, 0, 0]
            + [2, 0, 0, 0, 0, 0, 1, 4] + [UInt8](repeating: 7, count: 260)
        for size in [1, 2, 3, 7, 8, 9, 100, bytes.count] {
            var frames = OutputFrames()
            var output: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                frames.take(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])) {
                    bytes, _ in output += Array(bytes)
                }
            }
            #expect(output == Array("one".utf8) + [UInt8](repeating: 7, count: 260))
        }
    }

    @Test("lines of two streams stay whole, and what has no end is a line of its own")
    func streams() {
        var streams = OutputStreams()
        var output: [UInt8] = []
        func take(_ text: String, _ stream: UInt8) {
            Array(text.utf8).withUnsafeBytes { bytes in
                streams.take(bytes, of: stream) { output += Array($0) }
            }
        }
        take("one\nthr", 1)
        take("two\nfi", 2)
        take("ee\nfour", 1)
        take("ve", 2)
        #expect(String(decoding: output, as: UTF8.self) == "one\ntwo\nthree\n")
        streams.end { output += Array($0) }
        #expect(String(decoding: output, as: UTF8.self) == "one\ntwo\nthree\nfour\nfive")
        output = []
        take(String(repeating: "x", count: 100_000), 1)
        #expect(output.count == 100_000)
    }
}
