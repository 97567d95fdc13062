#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import NIOCore
import NIOPosix

/// Why a connection could not be made, in the words of people rather than of the library.
enum ConnectFailure {
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let reason = error.connectionErrors.last { return text(reason.error) }
            return "the name \"\(error.host)\" has no address"
        case let error as IOError:
            return String(cString: strerror(error.errnoCode)).lowercased()
        case ChannelError.connectTimeout(let time):
            return "no answer within \(time.nanoseconds / 1_000_000_000) s"
        default:
            return "\(error)"
        }
    }
}
