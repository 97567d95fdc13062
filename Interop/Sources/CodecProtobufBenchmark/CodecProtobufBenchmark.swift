import CoreProtos
import Foundation
import SwiftProtobuf

/// Times SwiftProtobuf on the documents that `benchmark-codec` is timed with; one line each: `protobuf <document> <direction> <ns>`.
@main
struct CodecProtobufBenchmark {
    static func main() throws {
        let folder = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "."
        for name in ["small", "medium", "large"] {
            let text = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name).json"))
            guard let values = try JSONSerialization.jsonObject(with: text) as? [Any] else {
                fatalError("\(name).json holds no array")
            }
            var message = Core_RPC()
            message.args.element = values.map(value)
            let encoded: [UInt8] = try message.serializedBytes()

            try report(name, "encode") { try message.serializedBytes() as [UInt8] }
            try report(name, "decode") { try Core_RPC(serializedBytes: encoded) }
        }
    }

    private static func value(_ any: Any) -> Core_JSON {
        var result = Core_JSON()
        switch any {
        case let text as String: result.jsonString = text
        case let flag as Bool: result.jsonBool = flag
        case let number as NSNumber: result.jsonNumber = number.doubleValue
        case let values as [Any]: result.jsonArray.element = values.map(value)
        case let object as [String: Any]:
            result.jsonObject.property = object.map { name, contents in
                var property = Core_JSONProperty()
                property.name = name
                property.value = value(contents)
                return property
            }
        default: break
        }
        return result
    }

    /// The fewest nanoseconds per call of several rounds, as `benchmark-codec` takes them.
    private static func report<Result>(_ document: String, _ direction: String, _ body: () throws -> Result) throws {
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
        print("protobuf \(document) \(direction) \((best * 10).rounded() / 10)")
    }

    @inline(never)
    private static func keep<Value>(_ value: Value) {}
}
