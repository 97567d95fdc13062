#if os(Linux)
import Glibc

/// A file system of a few bytes, where the process may mount one.
enum SmallDisk {
    /// MNT_DETACH, which is imported differently by different C libraries.
    private static let detach: Int32 = 2

    /// Whether that can be done here.
    static let isPossible: Bool = {
        var template = Array("/tmp/lever-disk-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return false }
        defer { rmdir(&template) }
        guard mount("tmpfs", template, "tmpfs", 0, "size=64k") == 0 else { return false }
        umount2(template, detach)
        return true
    }()

    /// Runs `body` with a directory that is such a disk.
    static func with(bytes: Int, _ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { path in
            guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
                throw TestFiles.Failure(description: "cannot mount")
            }
            defer { umount2(path, detach) }
            try await body(path)
        }
    }
}
#endif
