import Foundation
import Testing

/// A program that a test runs: one of the built ones, or one of the system.
final class Command: Sendable {
    /// How it ended, and what it printed.
    struct Result: Sendable {
        var status: Int32
        var output: String
        var error: String
    }

    /// Where the built programs lie: beside the test bundle.
    static let products: URL = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: bundle).deletingLastPathComponent()
    }()

    /// The project's root.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private let process = Process()
    private let output: URL
    private let error: URL

    /// Starts a program: one with a `/` in its name is that file, `lever` and `leveroshost` are the built ones, others are
    /// found through PATH.
    init(
        _ program: String, _ arguments: [String] = [], in directory: String? = nil, environment: [String: String] = [:],
        input: String? = nil
    ) throws {
        let scratch = FileManager.default.temporaryDirectory
        output = scratch.appendingPathComponent(UUID().uuidString)
        error = scratch.appendingPathComponent(UUID().uuidString)
        for file in [output, error] { FileManager.default.createFile(atPath: file.path, contents: nil) }
        if program.contains("/") {
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
        } else if program.hasPrefix("lever") {
            process.executableURL = Self.products.appendingPathComponent(program)
            process.arguments = arguments
        } else {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [program] + arguments
        }
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)
        if let input {
            let file = scratch.appendingPathComponent(UUID().uuidString)
            try Data(input.utf8).write(to: file)
            process.standardInput = try FileHandle(forReadingFrom: file)
            try FileManager.default.removeItem(at: file)
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        for file in [output, error] { try? FileManager.default.removeItem(at: file) }
    }

    /// Runs a program to its end.
    static func run(
        _ program: String, _ arguments: [String] = [], in directory: String? = nil, environment: [String: String] = [:],
        input: String? = nil
    ) async throws -> Result {
        try await Command(program, arguments, in: directory, environment: environment, input: input).end()
    }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    /// What it has printed so far.
    var printed: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }
    var complained: String { (try? String(contentsOf: error, encoding: .utf8)) ?? "" }

    func send(_ signal: Int32) {
        if process.isRunning { kill(process.processIdentifier, signal) }
    }

    /// Waits for its end.
    func end() async -> Result {
        let process = process
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            Thread.detachNewThread {
                process.waitUntilExit()
                continuation.resume()
            }
        }
        return Result(status: process.terminationStatus, output: printed, error: complained)
    }
}

/// Waits for a condition, up to `seconds`.
func wait(_ what: Comment, seconds: Int = 20, until condition: () async throws -> Bool) async throws {
    for _ in 0..<(seconds * 50) {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("never came: \(what)")
}
