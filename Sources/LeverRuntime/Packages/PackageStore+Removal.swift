public import LeverCore
import Synchronization

extension PackageStore {
    /// Removes versions that are not live: from the catalog, then their code, then packages that no other version has.
    ///
    /// - Throws: what `Catalog.removeVersions(_:of:)` does, after which all is as it was, or `RuntimeError` where files cannot
    ///   be removed; then the versions are gone and the files go at the next start.
    public func remove(_ versions: [Int], of id: ServiceID) async throws {
        try await catalog.removeVersions(versions, of: id)
        try await removeCode(of: versions, of: id)
        try await removeUnusedPackages()
    }

    /// Removes a service with all its versions. Its instances have to be gone.
    ///
    /// - Throws: `RPCError` `noService`, or as ``remove(_:of:)``.
    public func removeService(_ id: ServiceID) async throws {
        let versions = try await catalog.service(id)?.versions.map(\.number) ?? []
        try await catalog.removeService(id)
        try await removeCode(of: versions, of: id)
        try await removeUnusedPackages()
    }

    /// Removes an environment; with `force` with all services in it, whose instances have to be gone.
    ///
    /// - Throws: what `Catalog.removeEnvironment(_:force:)` does, or as ``remove(_:of:)``.
    public func removeEnvironment(_ name: EnvironmentName, force: Bool) async throws {
        let services = try await catalog.services().filter { $0.id.environment == name }
        try await catalog.removeEnvironment(name, force: force)
        for service in services { try await removeCode(of: service.versions.map(\.number), of: service.id) }
        try await removeUnusedPackages()
    }

    func removeCode(of versions: [Int], of id: ServiceID) async throws {
        let trees = versions.map { directory.codeDirectory(of: $0, of: id) }
        try await work.run {
            for tree in trees { try FileSystem.removeTree(tree) }
        }
    }

    /// Removes packages that no version has and that nobody is installing.
    func removeUnusedPackages() async throws {
        state.withLock { $0.collections += 1 }
        defer {
            state.withLock { state in
                state.collections -= 1
                if state.collections == 0 { state.touched = [] }
            }
        }
        let used = Set(try await catalog.services().flatMap { $0.versions.map(\.packageDigest) })
        try await work.run { [self] in
            for name in try FileSystem.names(in: directory.packages) {
                let digest = name.hasSuffix(".tar.gz") ? String(name.dropLast(7)) : name
                guard !used.contains(digest) else { continue }
                // Under the lock, so that no installation of the same bytes begins in between. One that ended since the catalog
                // was read is not in `used`.
                try state.withLock { state in
                    guard state.installing[digest] == nil, !state.touched.contains(digest) else { return }
                    try FileSystem.removeFile("\(directory.packages)/\(name)")
                }
            }
        }
    }

    func endInstallation(of digest: String) {
        state.withLock { state in
            let left = state.installing[digest, default: 1] - 1
            state.installing[digest] = left > 0 ? left : nil
            if state.collections > 0 { state.touched.insert(digest) }
        }
    }
}
