import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The file of a unix socket that is listened on.
enum UnixSocketFile {
    /// The longest path that the system's address structure takes, in bytes.
    static var maximumPathLength: Int { MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1 }

    /// Checks the path, and takes away what a server that is gone has left there.
    ///
    /// - Throws: ``RuntimeError`` where the path is too long, is something else than a socket, or somebody listens there.
    static func prepare(_ path: String) throws {
        guard !path.isEmpty, path.utf8.count <= maximumPathLength, !path.utf8.contains(0) else {
            throw RuntimeError(
                .bindFailed, "cannot listen on unix:\(path): a socket's path has 1 to \(maximumPathLength) bytes")
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw RuntimeError(.bindFailed, "cannot listen on unix:\(path): the file exists and is no socket")
        }
        guard !isListenedOn(path) else {
            throw RuntimeError(.bindFailed, "cannot listen on unix:\(path): another process listens there")
        }
        unlink(path)
    }

    static func setMode(_ path: String, _ mode: UInt32) throws {
        guard chmod(path, mode_t(mode)) == 0 else {
            throw RuntimeError(.bindFailed, "cannot set the permissions of unix:\(path): error \(errno)")
        }
    }

    static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        // Somebody else may have taken the path since.
        if !isListenedOn(path) { unlink(path) }
    }

    private static func isListenedOn(_ path: String) -> Bool {
        #if canImport(Glibc)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A full backlog would block; it means that somebody listens.
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 || errno == EAGAIN || errno == EINPROGRESS
    }
}
