public import LeverCore

/// The one directory in which a host keeps everything, under a lock for as long as the host runs.
///
/// ```
/// lock                                    held by the running host; names its process
/// lever.sqlite                            the catalog
/// packages/<sha256>.tar.gz                uploads, as they came
/// code/<environment>/<service>/<version>/ their unpacked trees, without write permission
/// logs/<environment>/<service>/           what instances wrote
/// uploads/                                uploads under way
/// run/                                    what belongs to running instances
/// ```
/// Nobody but its owner may enter it. Names of services may hold nearly anything, so their folders have encoded names.
public final class DataDirectory: Sendable {
    /// The absolute path.
    public let path: String
    private let isTemporary: Bool
    private let lock: DirectoryLock

    /// Makes the directory where there is none, with its parts, and takes its lock.
    ///
    /// - Parameter path: the directory; without one it is a new one that ``close()`` removes, for hosts that remember nothing.
    /// - Throws: `RuntimeError` with the code `dataDirectory`: it cannot be made or written, or another host uses it; the message
    ///   names the directory, and that host's process.
    public init(_ path: String?) throws {
        isTemporary = path == nil
        if let path { try FileSystem.makeDirectories(path) }
        let path = try path.map(FileSystem.absolute) ?? FileSystem.makeTemporaryDirectory()
        self.path = path
        lock = try DirectoryLock(path: "\(path)/lock", directory: path)
        for folder in ["packages", "code", "logs", "uploads", "run"] {
            try FileSystem.makeDirectory("\(path)/\(folder)")
        }
        try FileSystem.synchronize(path)
    }

    /// Gives the lock back, so that another host may use the directory, or removes it where it was temporary. Nothing may use
    /// it afterwards.
    public func close() {
        if isTemporary { try? FileSystem.removeTree(path) }
        lock.release()
    }

    /// The catalog's file; `nil` in a temporary directory, where a catalog in memory does.
    public var catalogPath: String? { isTemporary ? nil : "\(path)/lever.sqlite" }
    /// The uploads as they came.
    public var packages: String { "\(path)/packages" }
    /// The unpacked trees.
    public var code: String { "\(path)/code" }
    /// What instances wrote.
    public var logs: String { "\(path)/logs" }
    /// Uploads under way.
    public var uploads: String { "\(path)/uploads" }
    /// What belongs to running instances.
    public var runtime: String { "\(path)/run" }

    /// The upload with a digest.
    public func package(digest: String) -> String {
        "\(packages)/\(digest).tar.gz"
    }

    /// The directory of all versions of a service.
    public func code(of id: ServiceID) -> String { "\(code)/\(folder(of: id))" }

    /// The directory of the files with what instances of a service wrote.
    public func logs(of id: ServiceID) -> String { "\(logs)/\(folder(of: id))" }

    private func folder(of id: ServiceID) -> String {
        "\(FolderName.encode(id.environment.rawValue))/\(FolderName.encode(id.service.rawValue))"
    }

    /// The unpacked tree of one version: the working directory of its instances.
    public func codeDirectory(of version: Int, of id: ServiceID) -> String {
        "\(code(of: id))/\(version)"
    }
}
