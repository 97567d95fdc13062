#if os(Linux)
import Glibc

extension PortListener {
    /// All that listens on a TCP port of this network namespace.
    static func all(on port: Int) -> [PortListener] {
        parse("/proc/net/tcp", port) + parse("/proc/net/tcp6", port)
    }

    /// Whether the socket is open in one of the processes.
    func belongs(to pids: some Sequence<Int32>) -> Bool {
        pids.contains { Self.sockets(of: $0).contains(inode) }
    }

    /// The process that has the socket, where this user may see it.
    func owner() -> Int32? {
        ProcessTable.read().processes.first { !$0.isZombie && Self.sockets(of: $0.pid).contains(inode) }?.pid
    }

    /// Says who listens: an instance where it is one of this machine, or else the program.
    func holder() -> String {
        guard let pid = owner() else { return "a process of another user" }
        if let instance = ProcessTable.variable("LEVEROS_INSTANCE_ID", of: pid),
            let service = ProcessTable.variable("LEVEROS_SERVICE", of: pid),
            let environment = ProcessTable.variable("LEVEROS_ENVIRONMENT", of: pid)
        {
            return "instance \(instance) of \(environment)/\(service)"
        }
        return "process \(pid) (\(ProcessTable.program(of: pid) ?? "unknown program"))"
    }

    /// Lines are `sl local_address rem_address st … inode`, where an address is hexadecimal, a state of 0A means listening,
    /// and the inode is the tenth field.
    private static func parse(_ path: String, _ port: Int) -> [PortListener] {
        guard let bytes = Descriptor.contents(of: path, limit: 16 << 20) else { return [] }
        let digits = String(port, radix: 16, uppercase: true)
        let suffix = Array((":" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
        return bytes.split(separator: 0x0A).dropFirst().compactMap { line in
            let fields = line.split(separator: 0x20)
            guard fields.count > 9, fields[3].elementsEqual("0A".utf8), fields[1].suffix(5).elementsEqual(suffix),
                let inode = UInt64(String(decoding: fields[9], as: UTF8.self))
            else { return nil }
            return PortListener(host: host(String(decoding: fields[1].dropLast(5), as: UTF8.self)), inode: inode)
        }
    }

    /// The numeric address; loopback for a socket that listens on all interfaces. The system writes each 32-bit word in
    /// the machine's own byte order.
    private static func host(_ digits: String) -> String {
        let characters = Array(digits)
        let words = stride(from: 0, to: characters.count, by: 8).compactMap {
            UInt32(String(characters[$0..<min($0 + 8, characters.count)]), radix: 16)
        }
        if words.allSatisfy({ $0 == 0 }) { return "127.0.0.1" }
        var bytes = words.flatMap { word in withUnsafeBytes(of: word) { Array($0) } }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, &bytes, &text, socklen_t(text.count)) != nil else { return "127.0.0.1" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func sockets(of pid: Int32) -> Set<UInt64> {
        var inodes: Set<UInt64> = []
        guard let directory = opendir("/proc/\(pid)/fd") else { return inodes }
        defer { closedir(directory) }
        var target = [CChar](repeating: 0, count: 64)
        while let entry = readdir(directory) {
            let length = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    readlinkat(dirfd(directory), $0, &target, target.count)
                }
            }
            guard length > 9 else { continue }
            let text = String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("socket:["), let inode = UInt64(text.dropFirst(8).dropLast()) { inodes.insert(inode) }
        }
        return inodes
    }
}
#endif
