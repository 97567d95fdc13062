import Foundation
import LeverCore

/// A directory of a test's own, with files in it; it goes with the object.
final class ServiceFolder: Sendable {
    let path: String

    init(_ files: [String: String] = [:]) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("lever-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = directory.path
        for (name, text) in files { try write(text, to: name) }
    }

    /// A JavaScript service.
    convenience init(name: String, _ script: String, manifest: [String: LeverValue] = [:]) throws {
        var fields: LeverValue = ["name": .string(name), "jsEntry": "server.js"]
        for (key, value) in manifest { fields[key] = value }
        try self.init(["lever.json": fields.json(), "server.js": script])
    }

    deinit {
        // The data directory's trees are read-only.
        if let files = FileManager.default.enumerator(atPath: path) {
            for case let file as String in files
            where files.fileAttributes?[.type] as? FileAttributeType == .typeDirectory {
                try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: "\(path)/\(file)")
            }
        }
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    /// The directory as a package.
    func package() async throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).tar.gz")
        defer { try? FileManager.default.removeItem(at: file) }
        _ = try await Command.run(
            "tar", ["-czf", file.path, "-C", path] + FileManager.default.contentsOfDirectory(atPath: path))
        return Array(try Data(contentsOf: file))
    }
}
