import LeverCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One package while it arrives: its bytes go to a file, its digest and size are taken on the way.
///
/// Append the pieces one after the other, then ``finish()``. What is neither finished nor abandoned is removed with the last
/// reference, and after a crash at the next start.
public final class PackageUpload: Sendable {
    private struct State {
        var descriptor: Int32
        var digest = ContentDigest()
        var size = 0
    }

    private let path: String
    private let limit: Int
    private let work: BlockingWork
    /// `nil` once it ended.
    private let state: Mutex<State?>

    init(path: String, limit: Int, work: BlockingWork) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileSystem.failure("make", path) }
        self.path = path
        self.limit = limit
        self.work = work
        state = Mutex(State(descriptor: descriptor))
    }

    deinit { end() }

    /// Adds a piece.
    ///
    /// - Throws: `RuntimeError`, after which the upload is gone: `package` where it is too large, `dataDirectory` where the disk
    ///   does not take it, `stopped` where the upload has ended already.
    public func append(_ bytes: [UInt8]) async throws {
        try await work.run { [self] in
            do {
                try state.withLock { state in try add(bytes, to: &state) }
            } catch {
                end()
                throw error
            }
        }
    }

    private func add(_ bytes: [UInt8], to state: inout State?) throws {
        guard var open = state.take() else { throw RuntimeError(.stopped, "the upload has ended") }
        // Put back at once, so that whatever fails, the file is closed.
        defer { state = open }
        open.size += bytes.count
        guard open.size <= limit else {
            throw RuntimeError(.package, "the package is larger than \(limit) bytes, the limit for compressed packages")
        }
        open.digest.update(bytes)
        var written = 0
        try bytes.withUnsafeBytes { buffer in
            while written < buffer.count {
                let count = write(open.descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw FileSystem.failure("write", path) }
                written += count
            }
        }
    }

    /// Ends the upload: its bytes are on the disk.
    ///
    /// - Throws: `RuntimeError` as ``append(_:)`` does; an empty upload is no package.
    public func finish() async throws -> UploadedPackage {
        try await work.run { [self] in
            do {
                let (digest, size) = try state.withLock { state in
                    guard let open = state else { throw RuntimeError(.stopped, "the upload has ended") }
                    guard open.size > 0 else { throw RuntimeError(.package, "the package is empty") }
                    guard fsync(open.descriptor) == 0 else { throw FileSystem.failure("synchronize", path) }
                    close(open.descriptor)
                    state = nil
                    return (open.digest.finish(), open.size)
                }
                return UploadedPackage(digest: digest, size: size, path: path)
            } catch {
                end()
                throw error
            }
        }
    }

    /// Gives the upload up and removes what has arrived, even where it has ended and is whole; has no effect once it was
    /// unpacked or discarded.
    public func abandon() {
        end()
        unlink(path)
    }

    private func end() {
        state.withLock { state in
            guard let open = state.take() else { return }
            close(open.descriptor)
            unlink(path)
        }
    }
}

/// A package that has arrived whole and waits, in the uploads' folder, for being unpacked.
public struct UploadedPackage: Sendable, Hashable {
    /// The SHA-256 of its bytes, 64 hexadecimal digits.
    public let digest: String
    /// Its size in bytes.
    public let size: Int
    /// Where it lies.
    let path: String
}
