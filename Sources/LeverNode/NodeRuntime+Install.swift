import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension NodeRuntime {
    /// Writes the runtime and the client package to a directory, which is made where it does not exist.
    ///
    /// Files are written aside and renamed into place as a whole; a directory that holds the same build's already is left
    /// as it is.
    ///
    /// - Throws: `RuntimeError` with the code `dataDirectory` that names the path that could not be written.
    public static func install(into directory: String) throws {
        let stamp = "\(directory)/.digest"
        if read(stamp) == Array(digest.utf8) { return }
        let aside = "\(directory).new-\(getpid())"
        remove(aside)
        defer { remove(aside) }
        try makeDirectory(aside)
        for name in ["runtime", "leveros", "leveros/lib"] { try makeDirectory("\(aside)/\(name)") }
        for file in files { try write(file.contents, to: "\(aside)/\(file.path)") }
        try write(Array(digest.utf8), to: "\(aside)/.digest")
        if rename(aside, directory) == 0 { return }
        // It exists and is not empty: an earlier build's.
        let old = "\(directory).old-\(getpid())"
        remove(old)
        defer { remove(old) }
        guard rename(directory, old) == 0, rename(aside, directory) == 0 else { throw failure("replace", directory) }
    }

    private static func failure(_ verb: String, _ path: String) -> RuntimeError {
        RuntimeError(.dataDirectory, "could not \(verb) \(path): \(String(cString: strerror(errno)))")
    }

    private static func makeDirectory(_ path: String) throws {
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw failure("make the directory", path) }
    }

    private static func write(_ contents: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure("write", path) }
        defer { close(file) }
        var written = 0
        while written < contents.count {
            let count = contents.withUnsafeBytes { bytes in
                #if canImport(Glibc)
                Glibc.write(file, bytes.baseAddress! + written, bytes.count - written)
                #elseif canImport(Musl)
                Musl.write(file, bytes.baseAddress! + written, bytes.count - written)
                #else
                Darwin.write(file, bytes.baseAddress! + written, bytes.count - written)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", path) }
            written += count
        }
    }

    /// The first bytes of a small file; `nil` where there is none.
    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 64)
        #if canImport(Glibc)
        let count = Glibc.read(file, &buffer, buffer.count)
        #elseif canImport(Musl)
        let count = Musl.read(file, &buffer, buffer.count)
        #else
        let count = Darwin.read(file, &buffer, buffer.count)
        #endif
        return count < 0 ? nil : Array(buffer[..<count])
    }

    /// Removes a directory that an installation wrote; nothing happens where there is none.
    private static func remove(_ directory: String) {
        // An older build may have had other files: what is there is what is removed.
        guard let entries = opendir(directory) else { return }
        var names: [String] = []
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        closedir(entries)
        for name in names {
            let path = "\(directory)/\(name)"
            if unlink(path) != 0 { remove(path) }
        }
        rmdir(directory)
    }
}
