import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The calls to the file system that the store needs, with errors that name the path. All of them block.
enum FileSystem {
    /// What the last failed call reported.
    static func failure(_ action: String, _ path: String, _ code: Int32 = errno) -> RuntimeError {
        RuntimeError(.dataDirectory, "cannot \(action) \(path): \(String(cString: strerror(code)))")
    }

    /// The path from the root, links followed. It has to exist.
    static func absolute(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else { throw failure("find", path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes a directory that only its owner may enter, and those above it, where they are missing.
    static func makeDirectories(_ path: String) throws {
        guard !path.isEmpty else { throw RuntimeError(.dataDirectory, "the data directory's path is empty") }
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            try makeDirectory(String(path[..<end]))
        }
    }

    /// Makes a directory that only its owner may enter; one that exists is left as it is.
    static func makeDirectory(_ path: String) throws {
        if mkdir(path, 0o700) == 0 { return }
        let code = errno
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw failure("make directory", path, code)
        }
    }

    /// Makes a directory of its own for a process that keeps nothing.
    static func makeTemporaryDirectory() throws -> String {
        var template = Array("/tmp/lever-XXXXXX".utf8CString)
        guard let path = mkdtemp(&template) else { throw failure("make", "/tmp/lever-XXXXXX") }
        return try absolute(String(cString: path))
    }

    /// Puts the content of a file, or the names in a directory, on the disk.
    static func synchronize(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("synchronize", path) }
    }

    /// Takes the permission to write from a directory; what is in it stays as it is.
    static func makeReadOnly(_ path: String) throws {
        guard chmod(path, 0o555) == 0 else { throw failure("change the mode of", path) }
    }

    /// Moves a file or directory within the file system, in one step.
    static func move(_ path: String, to target: String) throws {
        guard rename(path, target) == 0 else { throw failure("move \(path) to", target) }
    }

    /// Removes a file; one that is missing is fine.
    static func removeFile(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
    }

    /// Removes a directory if it is empty; says whether it is gone.
    @discardableResult
    static func removeIfEmpty(_ path: String) -> Bool {
        rmdir(path) == 0
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// The names in a directory, sorted; none where it is missing.
    static func names(in path: String) throws -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw failure("list", path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file or a whole tree, read-only directories included; links are removed, not followed. What is missing is fine.
    static func removeTree(_ path: String) throws {
        guard remove(path, in: AT_FDCWD) || errno == ENOENT else { throw failure("remove", path) }
    }

    /// Removes one name of a directory with all below it; names are bytes here, since programs may have made any. `false` with
    /// `errno` where something is left.
    private static func remove(_ name: UnsafePointer<CChar>, in parent: Int32) -> Bool {
        var status = stat()
        guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
        guard status.st_mode & S_IFMT == S_IFDIR else { return unlinkat(parent, name, 0) == 0 }
        _ = fchmodat(parent, name, 0o700, 0)
        let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        guard let directory = fdopendir(descriptor) else {
            close(descriptor)
            return false
        }
        var problem: Int32 = 0
        while let entry = readdir(directory) {
            let isRemoved = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                guard let name = bytes.assumingMemoryBound(to: CChar.self).baseAddress else { return true }
                if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { return true }
                return remove(name, in: descriptor)
            }
            if !isRemoved, errno != ENOENT { problem = errno }
        }
        closedir(directory)
        if problem == 0, unlinkat(parent, name, AT_REMOVEDIR) == 0 { return true }
        if problem != 0 { errno = problem }
        return false
    }
}
