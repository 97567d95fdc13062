import CProcess
import LeverCore
import LeverNode

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The folder on the host that holds all that is mounted into containers beside the code: the Node runtime, for each
/// environment the gateway's socket, for each instance the folder of its own socket.
struct RuntimeFolder: Sendable {
    /// The bytes that a socket's path may have.
    private static let pathLimit = 103

    let path: String
    /// The user and the group of the instances.
    let user: UInt32
    let group: UInt32

    /// Makes the folder, which only this user may enter: what is mounted into a container is reached there nevertheless.
    ///
    /// - Parameters:
    ///   - given: Its path; `nil` for one below `/run/lever` or, for users who may not write there, `/tmp`.
    ///   - owner: Digits that stand for the data directory.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver`.
    init(_ given: String?, owner: String, user: UInt32, group: UInt32) throws {
        self.user = user
        self.group = group
        if let given {
            path = given
        } else {
            let base = geteuid() == 0 ? "/run/lever" : "/tmp/lever-\(geteuid())"
            try Self.make(base, mode: 0o700)
            path = "\(base)/\(owner)"
        }
        guard "\(path)/g/\(ShortName.of(""))/\(ContainerPlaces.gatewayName)".utf8.count <= Self.pathLimit else {
            throw RuntimeError(
                .driver, "the runtime directory '\(path)' is too long: sockets in it would pass \(Self.pathLimit) bytes"
            )
        }
        try Self.make(path, mode: 0o700)
        for part in ["i", "g"] { try Self.make("\(path)/\(part)", mode: 0o700) }
        do { try NodeRuntime.install(into: nodeFolder) } catch {
            throw RuntimeError(.driver, "the Node runtime could not be written", cause: error)
        }
    }

    /// The Node runtime.
    var nodeFolder: String { "\(path)/node" }

    /// The folder of a gateway's socket; made where it is missing.
    func gatewayFolder(_ environment: EnvironmentName, _ network: InstanceNetwork) throws -> String {
        let folder = "\(path)/g/\(ShortName.of("\(environment)\(network.suffix)"))"
        try Self.make(folder, mode: 0o755)
        return folder
    }

    /// Makes the folder of an instance's socket: its user's own, and bounded where this process may mount, so that an instance
    /// cannot fill the host's memory or disk with files there.
    func makeInstanceFolder(_ id: InstanceID) throws -> String {
        let folder = instanceFolder(id)
        try Self.make(folder, mode: 0o700)
        if lever_mount_memory(folder, "size=64k,nr_inodes=32,mode=0700,uid=\(user),gid=\(group)") == 0 { return folder }
        guard user == geteuid() || chown(folder, user, group) == 0 else {
            throw RuntimeError(
                .driver, "'\(folder)' could not be given to the instances' user \(user): \(Self.message())")
        }
        return folder
    }

    /// Removes the folder of an instance and what it left there.
    func removeInstanceFolder(_ id: InstanceID) { Self.remove(instanceFolder(id)) }

    /// Removes what earlier instances left, but for those that may go on.
    func removeInstanceFolders(keeping kept: [InstanceID] = []) {
        let names = Set(kept.map { ShortName.of($0.rawValue) })
        for name in Self.names(in: "\(path)/i") where !names.contains(name) { Self.remove("\(path)/i/\(name)") }
    }

    /// Removes the whole folder, after its instances.
    func remove() {
        removeInstanceFolders()
        Self.remove(path)
    }

    /// Where the folder of an instance is.
    func instanceFolder(_ id: InstanceID) -> String { "\(path)/i/\(ShortName.of(id.rawValue))" }

    private static func make(_ path: String, mode: mode_t) throws {
        if mkdir(path, mode) == 0 { return }
        let code = errno
        var status = stat()
        // A link, or somebody else's folder, might lead anywhere.
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw RuntimeError(
                .driver,
                "the directory '\(path)' could not be made, or is somebody else's: \(String(cString: strerror(code)))")
        }
    }

    private static func message() -> String { String(cString: strerror(errno)) }

    /// Removes a file or a folder with what is in it. No link is followed.
    private static func remove(_ path: String) {
        while lever_unmount(path) == 0 {}
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }

    static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
