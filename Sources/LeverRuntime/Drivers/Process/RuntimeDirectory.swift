import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where the instances' sockets are.
package struct RuntimeDirectory: Sendable {
    /// The bytes that a socket's path may have on every platform, without the zero at its end.
    private static let pathLimit = 103

    /// Its absolute path.
    let path: String
    /// Whether the driver made it, and so removes it.
    let isOwn: Bool

    /// Checks a given directory, or makes one.
    ///
    /// - Parameters:
    ///   - temporary: where to make it, if there is room for the paths of sockets.
    ///   - owner: letters and digits that stand for the data directory; what earlier runs of the same left is removed.
    init(_ given: String?, temporary: String?, owner: String) throws {
        if let given {
            guard given.hasPrefix("/"), access(given, W_OK | X_OK) == 0 else {
                throw RuntimeError(
                    .driver, "the runtime directory '\(given)' is no absolute path of a directory that can be written")
            }
            // Room for any number that an instance can get.
            guard given.utf8.count + 26 <= Self.pathLimit else {
                throw RuntimeError(
                    .driver,
                    "the runtime directory '\(given)' is too long: sockets in it would pass \(Self.pathLimit) bytes")
            }
            path = given
            isOwn = false
            return
        }
        var failure = ""
        let bases = [temporary, "/tmp"].compactMap(\.self).filter { $0.hasPrefix("/") && $0.utf8.count <= 45 }
        // An earlier run may have been told of another place.
        for base in bases { Self.removeLeftovers(in: base, prefix: "lever-\(owner)-") }
        for base in bases {
            var template = Array("\(base)/lever-\(owner)-XXXXXX".utf8CString)
            if mkdtemp(&template) != nil {
                path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
                isOwn = true
                return
            }
            failure = "\(base): \(Descriptor.message())"
        }
        throw RuntimeError(.driver, "no directory for sockets could be made in \(failure)")
    }

    /// The socket of an instance.
    func socketPath(_ number: Int) -> String { "\(path)/\(number).sock" }

    /// Removes it where the driver made it.
    func remove() {
        if isOwn { rmdir(path) }
    }

    private static func removeLeftovers(in base: String, prefix: String) {
        for name in names(in: base) where name.hasPrefix(prefix) {
            let path = "\(base)/\(name)"
            for file in names(in: path) where file.hasSuffix(".sock") { unlink("\(path)/\(file)") }
            rmdir(path)
        }
    }

    private static func names(in path: String) -> [String] {
        var names: [String] = []
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }

    /// Whether a program listens on a unix socket. Asks by connecting: a file is there before its program listens.
    package static func isListening(_ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count <= pathLimit else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        #if canImport(Glibc)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
        #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        #if !canImport(Glibc)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        Descriptor.setNonBlocking(descriptor)
        #endif
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // A full queue of waiting connections: it listens, and is busy.
        return result == 0 || errno == EAGAIN || errno == EINPROGRESS
    }

    /// A descriptor that becomes readable when something appears in the directory; −1 where the system has none.
    func watch() -> Int32 {
        #if os(Linux)
        let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else { return -1 }
        guard inotify_add_watch(descriptor, path, UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)) >= 0 else {
            close(descriptor)
            return -1
        }
        return descriptor
        #else
        return -1
        #endif
    }
}
