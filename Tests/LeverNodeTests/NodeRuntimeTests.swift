import Foundation
import LeverCore
import LeverNode
import Testing

@Suite struct NodeRuntimeTests {
    /// The repository's resources, which the embedded files must be.
    private static let resources = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/LeverNode/Resources").standardizedFileURL

    private func temporaryDirectory() throws -> URL {
        let directory = FileManager.default.temporaryDirectory.appending(path: "lever-node-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    @Test func everyResourceIsEmbeddedOnce() throws {
        let root = Self.resources.path(percentEncoded: false)
        let onDisk = try FileManager.default.subpathsOfDirectory(atPath: root).filter { path in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }
        #expect(NodeRuntime.files.map(\.path).sorted() == onDisk.sorted())
        for file in NodeRuntime.files {
            #expect(
                file.contents == [UInt8](try Data(contentsOf: Self.resources.appending(path: file.path))),
                "\(file.path)")
        }
    }

    @Test func installsCompletelyAndOnlyOnce() throws {
        let parent = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: parent) }
        let target = parent.appending(path: "node").path(percentEncoded: false)
        try NodeRuntime.install(into: target)
        for file in NodeRuntime.files {
            #expect(FileManager.default.contents(atPath: "\(target)/\(file.path)").map([UInt8].init) == file.contents)
        }
        // The second time nothing is touched.
        try Data("mark".utf8).write(to: URL(filePath: "\(target)/mark"))
        try NodeRuntime.install(into: target)
        #expect(FileManager.default.fileExists(atPath: "\(target)/mark"))
        // Another build's files are replaced as a whole, and nothing is left beside them.
        try Data("0000".utf8).write(to: URL(filePath: "\(target)/.digest"))
        try NodeRuntime.install(into: target)
        #expect(!FileManager.default.fileExists(atPath: "\(target)/mark"))
        #expect(FileManager.default.fileExists(atPath: "\(target)/runtime/serve.js"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: parent.path(percentEncoded: false)) == ["node"])
    }

    @Test func aDirectoryThatCannotBeWrittenIsNamed() throws {
        let parent = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: parent) }
        let file = parent.appending(path: "file")
        try Data().write(to: file)
        let target = file.path(percentEncoded: false) + "/node"
        let error = #expect(throws: RuntimeError.self) { try NodeRuntime.install(into: target) }
        #expect(error?.code == .dataDirectory)
        #expect(error?.message.contains(target) == true)
    }

    @Test func theCommandKeepsTheHeapWithinTheMemory() {
        #expect(
            NodeRuntime.command(entry: "server.js", ram: 50, runtimeDirectory: "/data/node") == [
                "node", "--max-semi-space-size=1", "--max-old-space-size=24", "/data/node/runtime/serve.js",
                "server.js",
            ])
        #expect(NodeRuntime.memoryFlags(ram: 512) == ["--max-semi-space-size=16", "--max-old-space-size=384"])
        for ram in [1, 50, 64, 100, 200, 1000] {
            let flags = NodeRuntime.memoryFlags(ram: ram)
            #expect(flags.count == 2)
            if ram >= 64 { #expect((flags[1].split(separator: "=").last.flatMap { Int($0) } ?? ram) < ram) }
        }
    }

    @Test func theTarballIsWhatTarReads() throws {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let archive = directory.appending(path: "leveros.tgz")
        try Data(NodeRuntime.clientTarball()).write(to: archive)
        #expect(NodeRuntime.clientTarball() == NodeRuntime.clientTarball())
        let listing = try run(["tar", "tzf", archive.path(percentEncoded: false)], in: directory)
        let expected = NodeRuntime.files.map(\.path).filter { $0.hasPrefix("leveros/") }
            .map { "package/" + $0.dropFirst("leveros/".count) }
        #expect(listing.status == 0, "\(listing.output)")
        #expect(listing.output.split(separator: "\n").map(String.init) == expected)
        let unpacked = try run(["tar", "xzf", archive.path(percentEncoded: false)], in: directory)
        #expect(unpacked.status == 0, "\(unpacked.output)")
        for file in NodeRuntime.files where file.path.hasPrefix("leveros/") {
            let path = directory.appending(path: "package/" + file.path.dropFirst("leveros/".count))
            #expect([UInt8](try Data(contentsOf: path)) == file.contents)
        }
    }

    @Test func npmInstallsTheTarball() throws {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        guard try run(["npm", "--version"], in: directory).status == 0 else {
            print("skipped: npm is not installed")
            return
        }
        try Data(NodeRuntime.clientTarball()).write(to: directory.appending(path: "leveros.tgz"))
        let installed = try run(
            ["npm", "install", "--offline", "--no-audit", "--no-fund", "./leveros.tgz"], in: directory)
        #expect(installed.status == 0, "\(installed.output)")
        let used = try run(
            ["node", "-e", "process.stdout.write(typeof new (require('leveros').Client)().service)"], in: directory)
        #expect(used.output == "function")
    }

    private func run(_ command: [String], in directory: URL) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = directory
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
