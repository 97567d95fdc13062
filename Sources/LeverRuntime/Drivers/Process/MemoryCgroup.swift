import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Groups of processes whose memory the kernel limits: cgroups of version 2, one for each instance, below one of the run.
///
/// Only where a group is at hand that this user may make groups in and that has no processes of its own; the host's own
/// processes are never moved, since an embedding program would not expect it.
struct MemoryCgroup: Sendable {
    /// The run's group.
    let directory: String

    /// - Throws: `RuntimeError` that says why memory cannot be limited here.
    init(parent: String?, run: String) throws {
        func fail(_ text: String) -> RuntimeError { RuntimeError(.driver, text) }
        guard let parent = parent ?? Self.own() else {
            throw fail("this machine has no cgroups of version 2")
        }
        guard Self.list(parent + "/cgroup.controllers").contains("memory") else {
            throw fail("the cgroup \(parent) has no memory controller")
        }
        guard
            Self.list(parent + "/cgroup.subtree_control").contains("memory")
                || Descriptor.write("+memory", toExisting: parent + "/cgroup.subtree_control")
        else { throw fail("the memory controller cannot be enabled in the cgroup \(parent): \(Descriptor.message())") }
        directory = "\(parent)/lever-\(run)"
        guard mkdir(directory, 0o755) == 0 else {
            throw fail("no group can be made in the cgroup \(parent): \(Descriptor.message())")
        }
        guard Descriptor.write("+memory", toExisting: directory + "/cgroup.subtree_control"), isUsable() else {
            rmdir(directory)
            throw fail("processes cannot be moved into groups of the cgroup \(parent)")
        }
    }

    /// Makes the group of an instance. `nil` where that fails.
    func make(_ number: Int, ram: Int) -> String? {
        let path = "\(directory)/\(number)"
        guard mkdir(path, 0o755) == 0 else { return nil }
        // Swap accounting may be off; the limit holds all the same.
        _ = Descriptor.write("0", toExisting: path + "/memory.swap.max")
        guard Descriptor.write(String(ram * 1_000_000), toExisting: path + "/memory.max") else {
            rmdir(path)
            return nil
        }
        return path
    }

    /// The command that enters the group and then becomes the instance: before its first instruction, so that nothing that it
    /// allocates is missed.
    static func entering(_ path: String, _ command: ProcessCommand) -> ProcessCommand {
        var entering = command
        entering.path = "/bin/sh"
        entering.arguments =
            ["sh", "-c", #"echo 0 > "$1" && shift && exec "$@""#, "lever-memory", path + "/cgroup.procs", command.path]
            + command.arguments.dropFirst()
        return entering
    }

    /// Whether the kernel killed a process of the group because of its memory.
    static func ranOutOfMemory(_ path: String) -> Bool {
        guard let bytes = Descriptor.contents(of: path + "/memory.events") else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            return words.first == "oom_kill" && words.last != "0"
        }
    }

    /// Removes an instance's group, which must have no process.
    static func remove(_ path: String) { rmdir(path) }

    /// Removes the run's group.
    func remove() { rmdir(directory) }

    /// Tries with a process: the permission to move one depends on groups further up.
    private func isUsable() -> Bool {
        let path = directory + "/probe"
        guard mkdir(path, 0o755) == 0 else { return false }
        defer { rmdir(path) }
        let spawn = ProcessSpawn(
            path: "/bin/sh", arguments: ["sh", "-c", #"echo 0 > "$1""#, "lever-memory", path + "/cgroup.procs"],
            environment: [], directory: "/")
        guard access(path + "/memory.max", W_OK) == 0, case .success(let pid) = spawn.start() else { return false }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }

    /// This process's own group.
    private static func own() -> String? {
        func lines(_ path: String) -> [Substring] {
            Descriptor.contents(of: path).map { String(decoding: $0, as: UTF8.self).split(separator: "\n") } ?? []
        }
        let mounts = lines("/proc/self/mounts").map { $0.split(separator: " ") }
        guard let mount = mounts.first(where: { $0.count > 2 && $0[2] == "cgroup2" })?[1],
            let group = lines("/proc/self/cgroup").first(where: { $0.hasPrefix("0::/") })?.dropFirst(3)
        else { return nil }
        return group == "/" ? String(mount) : "\(mount)\(group)"
    }

    private static func list(_ path: String) -> [Substring] {
        Descriptor.contents(of: path).map { String(decoding: $0, as: UTF8.self).split { $0 == " " || $0 == "\n" } }
            ?? []
    }
}
