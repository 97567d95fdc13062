import Foundation
import LeverCore

/// Times the wire codec and the JSON text of the same values; one line each: `<codec> <document> <direction> <ns>`.
/// Arguments: the documents' folder, and a codec, document or direction to leave out all others (for profiling).
@main
struct CodecBenchmark {
    static func main() throws {
        let folder = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "."
        for name in ["small", "medium", "large"] {
            let text = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name).json")))
            let value = try LeverValue(json: text)
            guard case .array(let arguments) = value else { fatalError("\(name).json holds no array") }
            let message = RPCArguments.values(arguments)
            let codec = ProtobufCodec()
            let encoded = try codec.bytes(message)
            guard try codec.decodeArguments(encoded.span.bytes) == message else {
                fatalError("\(name) is not read back")
            }

            try report("wire", name, "encode") { try codec.encode(message) { $0.byteCount } }
            try report("wire", name, "decode") { try codec.decodeArguments(encoded.span.bytes) }
            try report("json", name, "encode") { value.withJSON { $0.byteCount } }
            try report("json", name, "decode") { try LeverValue(json: text.span.bytes) }
        }
    }

    /// The fewest nanoseconds per call of several rounds: what else runs on the machine only ever adds.
    private static func report<Result>(
        _ codec: String, _ document: String, _ direction: String, _ body: () throws -> Result
    ) throws {
        guard CommandLine.arguments.dropFirst(2).allSatisfy([codec, document, direction].contains) else { return }
        func time(_ count: Int) throws -> Double {
            let clock = ContinuousClock()
            let passed = try clock.measure { for _ in 0..<count { keep(try body()) } }
            return Double(passed.components.seconds) * 1e9 + Double(passed.components.attoseconds) / 1e9
        }
        var count = 1
        var passed = try time(count)
        while passed < 20_000_000 {
            count *= 2
            passed = try time(count)
        }
        var best = passed / Double(count)
        for _ in 0..<8 { best = min(best, try time(count) / Double(count)) }
        print("\(codec) \(document) \(direction) \((best * 10).rounded() / 10)")
    }

    @inline(never)
    private static func keep<Value>(_ value: Value) {}
}
