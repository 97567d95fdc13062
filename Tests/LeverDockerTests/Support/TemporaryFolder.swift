import Foundation

/// A folder that a test may fill.
struct TemporaryFolder {
    let path: String

    init() throws {
        path = "/tmp/lever-docker-test-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
        try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
