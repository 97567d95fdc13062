public import LeverCore

extension PackageStore {
    /// What a sweep found.
    public struct SweepReport: Sendable, Hashable {
        /// Versions that were never live: their deployment was cut off. They are gone.
        public var removedVersions: [ServiceID: [Int]] = [:]
        /// Versions in the catalog whose code was missing and was unpacked again from their package.
        public var restoredVersions: [ServiceID: [Int]] = [:]
        /// Versions in the catalog whose code is missing and cannot be had again, each with the reason.
        public var lostVersions: [ServiceID: [Int: String]] = [:]
        /// Files and directories that nobody knew, removed, as paths within the data directory.
        public var removedFiles: [String] = []
    }

    /// Brings the directory in step with the catalog after whatever ended the previous run. It belongs before the first
    /// upload and the first instance: uploads under way are removed.
    ///
    /// - Throws: `RuntimeError` where the catalog or the directory fails.
    public func sweep() async throws -> SweepReport {
        var report = SweepReport()
        for service in try await catalog.services() {
            let wereLive = Set(try await catalog.history(of: service.id, limit: .max).map(\.version))
            let halves = service.versions.map(\.number).filter { $0 != service.liveVersion && !wereLive.contains($0) }
            guard !halves.isEmpty else { continue }
            try await catalog.removeVersions(halves, of: service.id)
            report.removedVersions[service.id] = halves
        }
        let services = try await catalog.services()
        return try await work.run { [self, report] in
            var report = report
            try removeUnknown(services, &report)
            for service in services {
                for version in service.versions { restore(version, of: service.id, &report) }
            }
            return report
        }
    }

    private func removeUnknown(_ services: [ServiceRecord], _ report: inout SweepReport) throws {
        // The folders and versions that are known, each a path within the directory.
        var known: Set<String> = []
        for service in services {
            let folder = directory.code(of: service.id)
            known.insert(folder)
            known.insert(String(folder[..<(folder.lastIndex(of: "/") ?? folder.endIndex)]))
            for version in service.versions {
                known.insert(directory.codeDirectory(of: version.number, of: service.id))
                known.insert(directory.package(digest: version.packageDigest))
            }
        }
        var places = [directory.uploads, directory.packages, directory.code]
        while let place = places.popLast() {
            for name in try FileSystem.names(in: place) {
                let path = "\(place)/\(name)"
                guard known.contains(path) else {
                    try FileSystem.removeTree(path)
                    report.removedFiles.append(String(path.dropFirst(directory.path.utf8.count + 1)))
                    continue
                }
                // Environments and services are looked into, versions and packages are not.
                let depth = path.dropFirst(directory.code.count).count { $0 == "/" }
                if path.hasPrefix(directory.code + "/"), depth < 3 { places.append(path) }
            }
        }
        report.removedFiles.sort()
    }

    /// Unpacks a version's package again where its code is missing.
    private func restore(_ version: VersionRecord, of id: ServiceID, _ report: inout SweepReport) {
        let target = directory.codeDirectory(of: version.number, of: id)
        guard !FileSystem.exists(target) else { return }
        let tree = "\(directory.code)/\(freshName(".tmp-"))"
        do {
            let service = directory.code(of: id)
            try FileSystem.makeDirectories(service)
            try FileSystem.makeDirectory(tree)
            _ = try Unpacking.run(directory.package(digest: version.packageDigest), into: tree, limits: limits)
            try FileSystem.move(tree, to: target)
            try FileSystem.makeReadOnly(target)
            try FileSystem.synchronize(service)
            report.restoredVersions[id, default: []].append(version.number)
        } catch {
            try? FileSystem.removeTree(tree)
            report.lostVersions[id, default: [:]][version.number] = "\(error)"
        }
    }
}
