#if os(Linux)
import Glibc

extension ProcessTable {
    /// Reads `/proc`. Processes may come and go meanwhile: who wants all of a kind gone reads again until there is none.
    static func read() -> ProcessTable {
        var processes: [ProcessRecord] = []
        guard let directory = opendir("/proc") else { return ProcessTable(processes: []) }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            // A process's directory is its number; `atoi` gives 0 for all other names.
            let pid = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { atoi($0) }
            }
            guard pid > 0, pid != getpid(), let process = record(of: pid) else { continue }
            processes.append(process)
        }
        return ProcessTable(processes: processes)
    }

    /// One process; `nil` where there is none.
    static func record(of pid: Int32) -> ProcessRecord? {
        guard var record = status(of: pid) else { return nil }
        guard !record.isZombie, let environment = Descriptor.contents(of: "/proc/\(pid)/environ") else { return record }
        record.run = value(of: "LEVEROS_RUN_ID", in: environment)
        if record.run != nil { record.instance = value(of: "LEVEROS_INSTANCE_ID", in: environment) }
        return record
    }

    /// One process without its environment.
    static func status(of pid: Int32) -> ProcessRecord? {
        // `pid (name) state ppid pgrp session …`, starttime being the 22nd field; the name may hold anything, so what counts
        // begins after its last parenthesis.
        guard let line = Descriptor.contents(of: "/proc/\(pid)/stat"), let end = line.lastIndex(of: 0x29) else {
            return nil
        }
        let fields = line[(end + 1)...].split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        guard fields.count > 19, let parent = Int32(fields[1]), let group = Int32(fields[2]),
            let session = Int32(fields[3]), let startTime = UInt64(fields[19])
        else { return nil }
        // Fields 14 and 15, in ticks of which there are 100 a second on every Linux that Swift runs on.
        let ticks = (Int64(fields[11]) ?? 0) + (Int64(fields[12]) ?? 0)
        return ProcessRecord(
            pid: pid, parent: parent, group: group, session: session, startTime: startTime,
            isZombie: fields[0] == "Z" || fields[0] == "X", processorTime: .milliseconds(10 * ticks))
    }

    /// A process's own variable, where its environment may be read.
    static func variable(_ name: String, of pid: Int32) -> String? {
        Descriptor.contents(of: "/proc/\(pid)/environ").flatMap { value(of: name, in: $0) }
    }

    /// The name of the program that a process runs, as the system shortens it.
    static func program(of pid: Int32) -> String? {
        Descriptor.contents(of: "/proc/\(pid)/comm").map { String(decoding: $0.prefix { $0 != 0x0A }, as: UTF8.self) }
    }

    private static func value(of name: String, in environment: [UInt8]) -> String? {
        let prefix = Array("\(name)=".utf8)
        var start = 0
        while start < environment.count {
            let end = environment[start...].firstIndex(of: 0) ?? environment.count
            if environment[start..<end].starts(with: prefix) {
                return String(decoding: environment[(start + prefix.count)..<end], as: UTF8.self)
            }
            start = end + 1
        }
        return nil
    }
}
#endif
