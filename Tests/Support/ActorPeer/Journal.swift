import Foundation
import LeverCore

/// A file to which all instances write what they do for which actor, in the order in which it happens; and one for each actor
/// with what outlives its activations.
struct Journal: Sendable {
    let log: String
    let store: String
    let instance: String

    func note(_ event: String, _ resource: String, epoch: UInt64) throws {
        let line: LeverValue = [
            "event": .string(event), "resource": .string(resource), "instance": .string(instance),
            "epoch": .number(Double(epoch)),
        ]
        // One write at the end of the file, so that the kernel orders what the instances write.
        let file = open(log, O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(file) }
        let bytes = Array((line.json() + "\n").utf8)
        guard write(file, bytes, bytes.count) == bytes.count else { throw CocoaError(.fileWriteUnknown) }
    }

    /// The epoch that last wrote, and the sum.
    func load(_ resource: String) -> (epoch: UInt64, sum: Int) {
        let text = (try? String(contentsOfFile: "\(store)/\(resource)", encoding: .utf8)) ?? ""
        let parts = text.split(separator: " ")
        guard parts.count == 2, let epoch = UInt64(parts[0]), let sum = Int(parts[1]) else { return (0, 0) }
        return (epoch, sum)
    }

    func save(_ resource: String, epoch: UInt64, sum: Int) throws {
        try Data("\(epoch) \(sum)".utf8).write(to: URL(fileURLWithPath: "\(store)/\(resource)"), options: .atomic)
    }
}
