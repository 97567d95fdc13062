internal import LeverCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A file that is read from its start; closed when it is dropped. Its functions block.
struct OpenFile: ~Copyable {
    private let path: String
    private let descriptor: Int32

    /// - Throws: `RuntimeError` that names the file.
    init(_ path: String) throws(RuntimeError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw RuntimeError(.package, path, errno) }
    }

    deinit {
        close(descriptor)
    }

    /// The next bytes, at most `count`; none at the end.
    ///
    /// - Throws: `RuntimeError` that names the file.
    borrowing func read(_ count: Int) throws(RuntimeError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var result: Int
            repeat {
                result = systemRead(descriptor, buffer.baseAddress!, count)
            } while result < 0 && errno == EINTR
            if result < 0 { failure = errno }
            filled = max(0, result)
        }
        guard failure == 0 else { throw RuntimeError(.package, path, failure) }
        return bytes
    }
}

/// `read` of the system, which the method of that name hides.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

extension RuntimeError {
    /// What the system says of a file.
    init(_ code: Code, _ path: String, _ errorNumber: Int32) {
        self.init(code, "\(path): \(String(cString: strerror(errorNumber)))")
    }
}
