import CZlib
import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads a gzip file (RFC 1952) piece by piece, in constant memory and up to a limit.
///
/// Members that follow each other are one text; what follows the last and is no member is passed over, as `gzip` does. Every
/// checksum and the end of each member are verified.
final class GzipReader {
    private static let windowSize = 64 * 1024

    private let descriptor: Int32
    private let limit: Int
    private var total = 0
    private var isAtEnd = false
    // zlib keeps a pointer to its stream and to the input between calls, so all three need an address that stays.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private let window: UnsafeMutableRawBufferPointer
    /// The bytes of the window that wait to be read.
    private var ready = 0..<0

    /// Opens a file of which at most `limit` unpacked bytes are read.
    init(path: String, limit: Int) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileSystem.failure("open", path) }
        self.limit = limit
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: Self.windowSize, alignment: 16)
        window = .allocate(byteCount: Self.windowSize, alignment: 16)
        // 15 bits of window, and 16 for the gzip format.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw RuntimeError(.package, "zlib cannot be used")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
        window.deallocate()
        close(descriptor)
    }

    /// Gives the next bytes, at least one and at most `count`, to `body`, or none at the end; says how many.
    ///
    /// - Throws: `RuntimeError` with the code `package`: the file is no gzip file, damaged, cut off, or unpacks to too much.
    func read(upTo count: Int, _ body: (UnsafeRawBufferPointer) throws -> Void = { _ in }) throws -> Int {
        if ready.isEmpty { try fill() }
        let part = ready.prefix(count)
        try body(UnsafeRawBufferPointer(rebasing: window[part]))
        ready = part.upperBound..<ready.upperBound
        return part.count
    }

    /// Reads exactly `count` bytes; `nil` where the text ends before the first of them.
    func readBlock(_ count: Int) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            guard try read(upTo: count - bytes.count, { bytes.append(contentsOf: $0) }) > 0 else { break }
        }
        guard !bytes.isEmpty else { return nil }
        guard bytes.count == count else { throw RuntimeError(.package, "the archive is cut off") }
        return bytes
    }

    private func fill() throws {
        ready = 0..<0
        stream.pointee.next_out = window.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(window.count)
        while !isAtEnd, stream.pointee.avail_out > 0 {
            if stream.pointee.avail_in == 0, try refill() == 0 { throw cutOff() }
            switch inflate(stream, Z_NO_FLUSH) {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: try beginNextMember()
            case Z_MEM_ERROR: throw RuntimeError(.package, "the package cannot be unpacked: no memory")
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "bad data"
                throw RuntimeError(.package, "the package is no gzip archive, or damaged: \(reason)")
            }
        }
        ready = 0..<(window.count - Int(stream.pointee.avail_out))
        total += ready.count
        guard total <= limit else {
            throw RuntimeError(
                .package, "the package unpacks to more than \(limit) bytes, the limit for unpacked packages")
        }
    }

    private func cutOff() -> RuntimeError {
        RuntimeError(.package, "the package is cut off: its gzip data ends in the middle")
    }

    /// Reads input behind what is left of it; says how many bytes came.
    private func refill() throws -> Int {
        let left = Int(stream.pointee.avail_in)
        if left > 0, let source = stream.pointee.next_in, let start = input.baseAddress { memmove(start, source, left) }
        var count = -1
        repeat {
            count = readFile(descriptor, input.baseAddress?.advanced(by: left), input.count - left)
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw FileSystem.failure("read", "the uploaded package") }
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(left + count)
        return count
    }

    /// After a member's end: another one, or the end of the text.
    private func beginNextMember() throws {
        while stream.pointee.avail_in < 2, try refill() > 0 {}
        guard stream.pointee.avail_in >= 2, let next = stream.pointee.next_in, next[0] == 0x1F, next[1] == 0x8B else {
            isAtEnd = true
            return
        }
        inflateReset(stream)
    }
}

/// The system's `read`, which a method's name hides within the class.
private func readFile(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
