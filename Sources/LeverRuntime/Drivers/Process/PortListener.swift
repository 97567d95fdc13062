/// Who listens on the one port of programs that do not know `LEVEROS_LISTEN`.
struct PortListener: Equatable {
    /// The address to connect to.
    var host: String
    /// The socket's number in the system's tables.
    var inode: UInt64
}
