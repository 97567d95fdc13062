import Foundation

/// The built programs, run as anybody runs them.
final class HostProcess: @unchecked Sendable {
    // Unchecked: the process is started in the initialiser and ended in `stop`, by one test.
    private let process = Process()
    private let folder: URL
    let port: Int

    /// Where the main package's programs are: `LEVER_BINARIES`, or its debug build.
    static let binaries: URL = {
        if let folder = ProcessInfo.processInfo.environment["LEVER_BINARIES"] { return URL(filePath: folder) }
        return URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../.build/debug")
            .standardized
    }()

    static var areBuilt: Bool {
        ["lever", "leveroshost"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: binaries.appending(path: $0).path())
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init() throws {
        folder = URL(filePath: NSTemporaryDirectory()).appending(path: "lever-interop-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try Self.freePort()
        process.executableURL = Self.binaries.appending(path: "leveroshost")
        process.arguments = ["--listen", "127.0.0.1:\(port)", "--data-dir", folder.appending(path: "data").path()]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<400 {
            if Self.connects(port) { return }
            guard process.isRunning else { break }
            usleep(25_000)
        }
        throw Failure(description: "leveroshost does not listen on port \(port)")
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Deploys a directory with this manifest and the program as its `serve`.
    func deploy(_ manifest: String, program: URL) throws {
        let service = folder.appending(path: "service-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: service, withIntermediateDirectories: true)
        try Data(manifest.utf8).write(to: service.appending(path: "lever.json"))
        // Debug builds are far larger than what a host takes: without their symbols they fit.
        _ = try run("/usr/bin/strip", ["-o", service.appending(path: "serve").path(), program.path()])
        _ = try lever(["deploy", "dev.lever", service.path()])
    }

    /// Runs `lever` against this host and gives its output.
    func lever(_ arguments: [String]) throws -> String {
        try run(Self.binaries.appending(path: "lever").path(), arguments + ["--host", "127.0.0.1:\(port)"])
    }

    private func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program) \(arguments.joined(separator: " ")): \(text)")
        }
        return text
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Failure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func connects(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
