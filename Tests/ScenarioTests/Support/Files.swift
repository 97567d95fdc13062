import Foundation

/// All bytes of a file.
func bytes(of path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Whether something is at a path.
func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
}
