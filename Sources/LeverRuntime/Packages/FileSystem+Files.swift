import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

// What lines are kept with: small pieces at the end of files.
extension FileSystem {
    /// The size of a file and when it was changed, in seconds since 1970; `nil` where there is none.
    static func status(_ path: String) -> (size: Int, modified: Double)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        return (Int(status.st_size), Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
    }

    /// Appends bytes to a file, all or none of them. The file and its folder are made where they are missing.
    ///
    /// - Parameters:
    ///   - bytes: the bytes.
    ///   - path: the file.
    ///   - folder: its folder.
    ///   - size: what the file's size is before; it is cut to that where not all bytes find room.
    static func append(_ bytes: [UInt8], to path: String, in folder: String, size: Int) throws(RuntimeError) {
        var descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor < 0, errno == ENOENT {
            do { try makeDirectories(folder) } catch let error as RuntimeError { throw error } catch {
                throw failure("make", folder)
            }
            descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress! + written, buffer.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                let code = errno
                _ = ftruncate(descriptor, off_t(size))
                throw failure("write", path, code)
            }
        }
    }

    /// The first bytes of a file, at most `limit`; `nil` where it cannot be read.
    static func contents(of path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while count < limit {
                let taken = read(descriptor, buffer.baseAddress! + count, limit - count)
                if taken > 0 { count += taken } else if taken == 0 || errno != EINTR { return }
            }
        }
    }

    /// Removes a folder if it is empty, and then the one that it is in.
    static func removeIfEmptyWithParent(_ path: String) {
        guard removeIfEmpty(path) || errno == ENOENT, let slash = path.lastIndex(of: "/") else { return }
        removeIfEmpty(String(path[..<slash]))
    }
}
