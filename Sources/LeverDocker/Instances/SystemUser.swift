#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Who this process is.
enum SystemUser {
    /// The number of its user.
    static var current: UInt32 { geteuid() }
}
