#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Standard output or standard error.
struct Terminal: Sendable {
    /// Standard output.
    static let output = Terminal(descriptor: 1)
    /// Standard error.
    static let error = Terminal(descriptor: 2)

    private let descriptor: Int32

    /// Whether somebody looks at it: it is no file or pipe.
    var isInteractive: Bool { isatty(descriptor) == 1 }

    /// Whether colours may be used: `NO_COLOR` (no-color.org) forbids them, and a terminal without abilities has none.
    var isColoured: Bool {
        guard isInteractive else { return false }
        if let variable = getenv("NO_COLOR"), variable.pointee != 0 { return false }
        if let kind = getenv("TERM"), String(cString: kind) == "dumb" { return false }
        return true
    }

    /// How many characters fit into a line.
    var width: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Writes a line.
    func print(_ text: String) {
        write(Array((text + "\n").utf8))
    }

    /// Writes bytes, all of them. Once nobody reads them any more there is nothing left to do: the process ends, quietly as
    /// the default action of SIGPIPE would have it.
    func write(_ bytes: [UInt8]) {
        var start = 0
        bytes.withUnsafeBytes { buffer in
            while start < buffer.count {
                let written = systemWrite(descriptor, buffer.baseAddress! + start, buffer.count - start)
                if written >= 0 {
                    start += written
                } else if errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                } else if errno != EINTR {
                    exit(128 + SIGPIPE)
                }
            }
        }
    }
}

/// `write` of the system, which the method of that name hides.
private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
