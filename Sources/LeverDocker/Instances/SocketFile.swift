import CProcess
import LeverRuntime
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The file of a socket that an instance has made in a folder of its own, held so that no name leads anywhere else.
///
/// An instance may put what it likes into its folder, a link to another's socket or to the engine's among it: the host connects
/// to the very file that it has looked at, through its descriptor.
final class SocketFile: Sendable {
    /// A path that leads to the file.
    let path: String
    private let descriptor: Mutex<Int32>

    /// `nil` where there is no such file, it is no socket, or nobody listens.
    init?(_ name: String) {
        #if os(Linux)
        let file = lever_open_socket_file(name)
        guard file >= 0 else { return nil }
        path = "/proc/self/fd/\(file)"
        #else
        var status = stat()
        guard lstat(name, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        let file: Int32 = -1
        path = name
        #endif
        descriptor = Mutex(file)
        guard RuntimeDirectory.isListening(path) else {
            close()
            return nil
        }
    }

    deinit { close() }

    /// Lets go of the file.
    func close() {
        descriptor.withLock { file in
            #if canImport(Glibc)
            if file >= 0 { Glibc.close(file) }
            #endif
            file = -1
        }
    }
}
