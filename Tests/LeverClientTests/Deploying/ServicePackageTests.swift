import Foundation
import LeverCore
import Testing

@testable import LeverClient

@Suite struct ServicePackageTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("lever.json", #"{"name": "hello"}"#)
    }

    /// The archive, piece by piece.
    private func pack(limit: Int = ServicePackage.maximumSize) throws -> [UInt8] {
        let package = try ServicePackage(ServiceDirectory(directory.path), limit: limit)
        var bytes: [UInt8] = []
        while let chunk = try package.next() {
            #expect(chunk.bytes.count <= ServicePackage.chunkSize)
            bytes += chunk.bytes
        }
        return bytes
    }

    /// What the system's `tar` finds in it.
    private func unpack(_ bytes: [UInt8]) throws -> (names: [String], directory: TemporaryDirectory) {
        let target = try TemporaryDirectory()
        let archive = try TemporaryDirectory()
        try archive.write("package.tar.gz", Data(bytes))
        let names = try output(of: "tar", ["-tzf", archive.path + "/package.tar.gz"])
        _ = try output(of: "tar", ["-xpzf", archive.path + "/package.tar.gz", "-C", target.path])
        return (names.split(separator: "\n").map(String.init), target)
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing was thrown"
        } catch {
            return String(describing: error)
        }
    }

    @Test func filesNameWhatIsPacked() throws {
        try directory.write("out/x86/hello", "program", mode: 0o755)
        try directory.write("out/x86/hello.o", "no")
        try directory.link("out/release", to: "x86")
        try directory.write("web/index.html", "page")
        try directory.write("web/deep/a.css", "style")
        try directory.write("web/a.tmp", "no")
        try directory.write("Sources/hello.swift", "no")
        try directory.write(".leverignore", "*.tmp\n")
        let files = ["./out/release/hello", "web", "web/deep"]
        let entries = try ServiceDirectory(directory.path, files: files).entries
        #expect(
            entries.map(\.path) == [
                "lever.json", "out", "out/release", "out/release/hello", "web", "web/deep", "web/deep/a.css",
                "web/index.html",
            ])
        #expect(entries[3].kind == .file(size: 7))
        #expect(entries[3].mode == 0o755)
        #expect(entries[2].kind == .directory)
        let missing = message { _ = try ServiceDirectory(directory.path, files: ["web", "out/debug/hello"]) }
        #expect(missing.contains("out/debug/hello, which \"files\" of lever.json names: No such file"))
    }

    @Test func tarReadsWhatWasPacked() throws {
        try directory.write("serve", "#!/bin/sh\n", mode: 0o755)
        try directory.write("lib/deep/a.js", "exports.a = 1")
        try directory.write("lib/empty", "")
        try directory.link("lib/link", to: "../serve")
        try FileManager.default.createDirectory(atPath: directory.path + "/nothing", withIntermediateDirectories: true)
        let (names, unpacked) = try unpack(pack())
        #expect(
            names == [
                "lever.json", "lib/", "lib/deep/", "lib/deep/a.js", "lib/empty", "lib/link", "nothing/", "serve",
            ])
        _ = try output(of: "diff", ["-r", "--no-dereference", directory.path, unpacked.path])
        let attributes = try FileManager.default.attributesOfItem(atPath: unpacked.path + "/serve")
        #expect(attributes[.posixPermissions] as? Int == 0o755)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: unpacked.path + "/lib/link") == "../serve")
    }

    @Test(arguments: [99, 100, 101, 150, 154, 155, 156, 200, 254, 255])
    func longNamesSurvive(_ length: Int) throws {
        let name = String(repeating: "n", count: length)
        try directory.write("\(name)/\(name)", "long")
        try directory.write("\(name)/ümlaut/\(name)", "long")
        try directory.link("link", to: "\(name)/\(name)")
        let (names, unpacked) = try unpack(pack())
        #expect(names.contains("\(name)/"))
        #expect(names.contains("\(name)/\(name)"))
        _ = try output(of: "diff", ["-r", "--no-dereference", directory.path, unpacked.path])
    }

    @Test func largeFilesComeInPieces() throws {
        var random = SystemRandomNumberGenerator()
        var data = Data(capacity: 1_000_003)
        while data.count < 1_000_003 { data.append(UInt8.random(in: 0...255, using: &random)) }
        try directory.write("data", data)
        let (_, unpacked) = try unpack(pack())
        #expect(try Data(contentsOf: URL(fileURLWithPath: unpacked.path + "/data")) == data)
    }

    @Test func theSameDirectoryGivesTheSameArchive() throws {
        for index in 0..<50 { try directory.write("file-\(index)", "\(index)") }
        #expect(try pack() == pack())
    }

    @Test func rulesAndGitStayOut() throws {
        try directory.write(".leverignore", "node_modules/\n*.tmp\n!keep.tmp\n*.json\n")
        try directory.write(".git/HEAD", "ref")
        try directory.write("sub/.git", "gitdir: elsewhere")
        try directory.write("node_modules/x/index.js", "")
        try directory.write("a.tmp", "")
        try directory.write("keep.tmp", "")
        try directory.write("other.json", "")
        let (names, _) = try unpack(pack())
        // The manifest goes along whatever the rules say.
        #expect(names == [".leverignore", "keep.tmp", "lever.json", "sub/"])
    }

    @Test func aDirectoryWithoutManifestIsRefused() throws {
        try FileManager.default.removeItem(atPath: directory.path + "/lever.json")
        let path = directory.path
        #expect(message { _ = try ServiceDirectory(path) }.contains("\(path) has no lever.json"))
        #expect(message { _ = try ServiceDirectory(path + "/none") }.contains("none: No such file or directory"))
        try directory.write("file", "")
        #expect(message { _ = try ServiceDirectory(path + "/file") }.contains("is no directory"))
    }

    @Test(arguments: ["/etc/passwd", "../other", "a/../../b", "lib/../../x"])
    func linksThatLeaveAreRefused(_ target: String) throws {
        try directory.link("link", to: target)
        #expect(message { _ = try ServiceDirectory(directory.path) }.contains("/link is a link to \(target), outside"))
    }

    @Test func pipesAreRefused() throws {
        #expect(mkfifo(directory.path + "/pipe", 0o600) == 0)
        #expect(message { _ = try ServiceDirectory(directory.path) }.contains("/pipe is neither a file nor"))
        try directory.write(".leverignore", "pipe")
        #expect(try ServiceDirectory(directory.path).entries.count == 2)
    }

    @Test func tooLargeIsRefusedWithWhatIsLargest() throws {
        var random = SystemRandomNumberGenerator()
        try directory.write("big/data", Data((0..<300_000).map { _ in UInt8.random(in: 0...255, using: &random) }))
        #expect(message { _ = try pack(limit: 100_000) }.contains("the largest are big (0 MB), lever.json"))
        #expect(try pack(limit: 400_000).count > 300_000)
    }

    @Test func aFileThatShrinksIsNoticed() throws {
        try directory.write("data", "0123456789")
        let package = try ServicePackage(ServiceDirectory(directory.path))
        try directory.write("data", "01234")
        #expect(message { while try package.next() != nil {} }.contains("/data became shorter while"))
    }

    @Test func aFileThatGoesAwayIsNoticed() throws {
        try directory.write("data", "0123456789")
        let package = try ServicePackage(ServiceDirectory(directory.path))
        try FileManager.default.removeItem(atPath: directory.path + "/data")
        #expect(message { while try package.next() != nil {} }.contains("/data: No such file or directory"))
    }
}
