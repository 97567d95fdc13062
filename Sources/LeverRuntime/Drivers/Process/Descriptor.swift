import CProcess
import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The few calls on descriptors that the process driver makes. All that it opens closes on exec, so that no program started
/// by this process, by whichever part of it, keeps them open.
enum Descriptor {
    /// What the system says of an error number.
    static func message(_ number: Int32 = errno) -> String {
        String(cString: strerror(number))
    }

    /// A new pipe.
    static func pipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        guard lever_pipe(&ends) == 0 else { throw RuntimeError(.driver, "no pipe could be made: \(message())") }
        return (ends[0], ends[1])
    }

    /// Two connected sockets. Writing to one whose peer is gone fails and raises no signal.
    static func socketPair() throws -> (ours: Int32, theirs: Int32) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
        let result = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
        #else
        let result = socketpair(AF_UNIX, SOCK_STREAM, 0, &ends)
        #endif
        guard result == 0 else { throw RuntimeError(.driver, "no socket pair could be made: \(message())") }
        #if !canImport(Glibc)
        var on: Int32 = 1
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = setsockopt(end, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        #endif
        return (ends[0], ends[1])
    }

    /// Makes reads and writes return instead of waiting.
    static func setNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// Sends all bytes without waiting; false where the peer is gone or does not read.
    static func send(_ text: String, to socket: Int32) -> Bool {
        #if canImport(Glibc)
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        #else
        let flags = MSG_DONTWAIT
        #endif
        let bytes = Array(text.utf8)
        return sendBytes(socket, bytes, flags) == bytes.count
    }

    /// The first bytes of a file, at most `limit`; `nil` where it cannot be read.
    static func contents(of path: String, limit: Int = 1 << 20) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < limit {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes.append(contentsOf: buffer[..<count])
            if count == buffer.count, buffer.count < 1 << 16 { buffer = [UInt8](repeating: 0, count: 1 << 16) }
        }
        return bytes
    }

    /// Writes a text to an existing file; false where that fails.
    static func write(_ text: String, toExisting path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        #if canImport(Glibc)
        return Glibc.write(descriptor, bytes, bytes.count) == bytes.count
        #else
        return Darwin.write(descriptor, bytes, bytes.count) == bytes.count
        #endif
    }

    private static func sendBytes(_ socket: Int32, _ bytes: [UInt8], _ flags: Int32) -> Int {
        #if canImport(Glibc)
        Glibc.send(socket, bytes, bytes.count, flags)
        #else
        Darwin.send(socket, bytes, bytes.count, flags)
        #endif
    }
}
