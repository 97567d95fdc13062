import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Turns a package into a tree with a manifest.
enum Unpacking {
    /// Unpacks the archive at `path` into the empty directory `tree`, puts it on the disk and reads `lever.json`.
    static func run(
        _ path: String, into tree: String, limits: PackageLimits
    ) throws -> (manifest: Manifest, warnings: [String]) {
        var reader = TarReader(try GzipReader(path: path, limit: limits.unpackedBytes))
        var writer = try TreeWriter(path: tree, limits: limits)
        var isEmpty = true
        while let entry = try reader.next() {
            isEmpty = false
            try writer.add(entry) { try reader.readContent($0) }
        }
        guard !isEmpty else { throw RuntimeError(.package, "the package is an empty archive") }
        // Before the tree is synchronised, which is what takes time.
        let manifest = try manifest(in: tree, limit: limits.manifestBytes)
        try writer.finish()
        return manifest
    }

    /// Symbolic links do not exist yet, so one with this name counts as missing.
    private static func manifest(in tree: String, limit: Int) throws -> (manifest: Manifest, warnings: [String]) {
        let path = "\(tree)/lever.json"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw FileSystem.failure("open", path) }
            throw RuntimeError(
                .package, "the package has no file lever.json at its top: pack the service's directory from within")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw RuntimeError(.package, "lever.json in the package is no file")
        }
        guard status.st_size <= limit else {
            throw RuntimeError(.package, "lever.json has \(status.st_size) bytes; \(limit) is the limit")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let part = bytes.withUnsafeMutableBytes { buffer in
                read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            }
            if part < 0, errno == EINTR { continue }
            guard part > 0 else { throw FileSystem.failure("read", path) }
            count += part
        }
        return try Manifest.parse(bytes)
    }
}
