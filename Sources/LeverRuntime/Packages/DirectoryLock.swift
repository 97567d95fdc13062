import LeverCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The lock that keeps two hosts from using one data directory. The kernel drops it with its process, however that ends.
final class DirectoryLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock that is the file at `path`, for the directory `directory`.
    ///
    /// - Throws: `RuntimeError` with the code `dataDirectory`, naming the directory and the process that has the lock.
    init(path: String, directory: String) throws {
        // Close-on-exec, since a child that inherits the descriptor would hold the lock past the host's end.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileSystem.failure("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { close(descriptor) }
            guard code == EWOULDBLOCK else { throw FileSystem.failure("lock", path, code) }
            let holder = Self.holder(descriptor).map { "another host (process \($0))" } ?? "another host"
            throw RuntimeError(
                .dataDirectory,
                "the data directory \(directory) is in use by \(holder): stop it, or choose another directory")
        }
        // Who holds the lock is only for messages, so failures are of no consequence.
        let note = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, note, note.count, 0)
        self.descriptor = Mutex(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// Gives the lock back; later calls have no effect.
    func release() {
        descriptor.withLock { descriptor in
            guard let open = descriptor.take() else { return }
            // Unlocked by name: a child that is just being started has a copy of the descriptor until it runs its program, and
            // closing ours alone would leave it the lock for that long.
            flock(open, LOCK_UN)
            close(open)
        }
    }

    deinit { release() }
}
