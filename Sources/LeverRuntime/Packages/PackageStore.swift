public import LeverCore
public import NIOPosix
import Synchronization

/// Packages and their unpacked code in a data directory, in step with the catalog.
///
/// ```swift
/// let upload = try await store.beginUpload()
/// for try await piece in pieces { try await upload.append(piece) }
/// let unpacked = try await store.unpack(upload.finish())
/// let version = try await store.add(unpacked, to: ServiceID(environment: environment, service: unpacked.manifest.name))
/// // … an instance becomes ready …
/// try await catalog.setLive(version.number, of: id)   // or, where none does: store.remove([version.number], of: id)
/// ```
///
/// A package is unpacked once, aside, which also tells the service's name; then a number is reserved, the tree and the package
/// are moved into place and put on the disk, and the catalog learns of the version last. So whatever the catalog knows is whole,
/// and what a crash left of the steps before is unknown to it, which ``sweep()`` removes at the next start.
///
/// Everything that blocks runs on a thread pool, and takes place even where the task is cancelled. Errors of the package are
/// `RuntimeError` with the code `package` or, of its `lever.json`, `invalidInput`; those of the disk have `dataDirectory`.
public final class PackageStore: Sendable {
    struct State {
        /// Packages that are in place but not yet in the catalog, with the number of versions for which they are.
        var installing: [String: Int] = [:]
        /// Packages whose installation ended while somebody was looking for unused ones.
        var touched: Set<String> = []
        var collections = 0
        var lastName = 0
    }

    /// Where everything lies.
    public let directory: DataDirectory
    /// The bounds of packages.
    public let limits: PackageLimits
    let catalog: any Catalog
    let work: BlockingWork
    let state = Mutex(State())

    /// Makes a store; nothing is touched before its first use.
    ///
    /// - Throws: `RuntimeError` with the code `invalidConfiguration` where a limit makes no sense.
    public init(
        directory: DataDirectory, catalog: any Catalog, limits: PackageLimits = .defaults,
        threads: NIOThreadPool = .singleton
    ) throws {
        try limits.validate()
        self.directory = directory
        self.catalog = catalog
        self.limits = limits
        work = BlockingWork(threads: threads)
    }

    /// The working directory of a version's instances.
    public func codeDirectory(of version: Int, of id: ServiceID) -> String {
        directory.codeDirectory(of: version, of: id)
    }

    /// A name that no other upload or tree of this run has; those of earlier runs are swept away.
    func freshName(_ prefix: String) -> String {
        let number = state.withLock { state in
            state.lastName += 1
            return state.lastName
        }
        return "\(prefix)\(number)-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }

    /// Begins to take a package.
    public func beginUpload() async throws -> PackageUpload {
        let path = "\(directory.uploads)/\(freshName(""))"
        return try await work.run { [limits, work] in
            try PackageUpload(path: path, limit: limits.packageBytes, work: work)
        }
    }

    /// Unpacks a package aside and reads its manifest. Where it is refused, it is removed.
    ///
    /// - Throws: `RuntimeError`: `package` with the entry or the limit, `invalidInput` where `lever.json` is malformed,
    ///   `dataDirectory` where the disk is full or fails.
    public func unpack(_ package: UploadedPackage) async throws -> UnpackedPackage {
        // A dot at the start: no environment's folder begins so.
        let tree = "\(directory.code)/\(freshName(".tmp-"))"
        return try await work.run { [limits] in
            do {
                try FileSystem.makeDirectory(tree)
                let (manifest, warnings) = try Unpacking.run(package.path, into: tree, limits: limits)
                return UnpackedPackage(package: package, manifest: manifest, warnings: warnings, path: tree)
            } catch {
                try? FileSystem.removeTree(tree)
                try? FileSystem.removeFile(package.path)
                throw error
            }
        }
    }

    /// Removes a package that will not become a version.
    public func discard(_ unpacked: UnpackedPackage) async throws {
        try await work.run {
            try FileSystem.removeTree(unpacked.path)
            try FileSystem.removeFile(unpacked.package.path)
        }
    }

    /// Makes an unpacked package the next version of a service, not yet live: when this returns, the version is in the catalog
    /// and on the disk. Where it throws, neither the version nor the package is left.
    public func add(_ unpacked: UnpackedPackage, to id: ServiceID) async throws -> VersionRecord {
        let digest = unpacked.package.digest
        state.withLock { $0.installing[digest, default: 0] += 1 }
        var number: Int?
        do {
            let reserved = try await catalog.reserveVersion(id)
            number = reserved
            let record = VersionRecord(
                number: reserved, manifest: unpacked.manifest, packageDigest: digest,
                packageSize: unpacked.package.size, uploadedAt: CatalogRules.secondsSince1970())
            try await work.run { [directory] in
                try Self.install(unpacked, version: reserved, of: id, in: directory)
            }
            try await catalog.addVersion(record, to: id)
            endInstallation(of: digest)
            return record
        } catch {
            endInstallation(of: digest)
            // What cannot be removed now is removed at the next start; the failure that led here says more.
            if let number { try? await removeCode(of: [number], of: id) }
            try? await discard(unpacked)
            try? await removeUnusedPackages()
            throw error
        }
    }

    private static func install(
        _ unpacked: UnpackedPackage, version: Int, of id: ServiceID, in directory: DataDirectory
    ) throws {
        let service = directory.code(of: id)
        let environment = String(service[..<(service.lastIndex(of: "/") ?? service.endIndex)])
        try FileSystem.makeDirectory(environment)
        try FileSystem.makeDirectory(service)
        let target = directory.codeDirectory(of: version, of: id)
        // Something may lie there only after the catalog was restored from an older copy; no version has it.
        try FileSystem.removeTree(target)
        try FileSystem.move(unpacked.path, to: target)
        try FileSystem.makeReadOnly(target)
        try FileSystem.move(unpacked.package.path, to: directory.package(digest: unpacked.package.digest))
        for folder in [service, environment, directory.code, directory.packages] { try FileSystem.synchronize(folder) }
    }
}

/// A package whose tree lies aside and whose manifest is a good one.
public struct UnpackedPackage: Sendable {
    /// The upload that it was.
    public let package: UploadedPackage
    /// Its `lever.json`.
    public let manifest: Manifest
    /// What its author should know, for example of unknown keys.
    public let warnings: [String]
    /// Where its tree lies.
    let path: String
}
