import Foundation
import Testing

/// One run of the built `lever`.
struct Program {
    var status: Int32
    var output: String
    var error: String

    /// Runs it to its end.
    static func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) async throws -> Program {
        let running = try RunningProgram(arguments, environment: environment)
        running.send(input)
        running.closeInput()
        return await running.end()
    }
}

/// A run that the test talks to.
final class RunningProgram: Sendable {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let error = Pipe()

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        // The test bundle lies beside the products.
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("lever")
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        process.standardError = error
        try process.run()
    }

    func send(_ text: String) {
        input.fileHandleForWriting.write(Data(text.utf8))
    }

    func closeInput() {
        try? input.fileHandleForWriting.close()
    }

    func interrupt() {
        process.interrupt()
    }

    /// What it prints next, a line at most; `nil` at the end.
    func line() async -> String? {
        await onThread { [output] in
            var bytes: [UInt8] = []
            while let byte = output.fileHandleForReading.readData(ofLength: 1).first, byte != 0x0A {
                bytes.append(byte)
            }
            return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Waits for its end.
    func end() async -> Program {
        async let errors = onThread { [error] in error.fileHandleForReading.readDataToEndOfFile() }
        let text = await onThread { [output] in output.fileHandleForReading.readDataToEndOfFile() }
        let error = await errors
        return await onThread { [self] in
            process.waitUntilExit()
            return Program(
                status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
                error: String(decoding: error, as: UTF8.self))
        }
    }

    private func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
