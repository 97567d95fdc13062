package import LeverCore
package import Logging

/// Changes what there is, beside deployments: environments come and go, services go, versions come back.
///
/// What is removed stops running first and leaves the catalog next, in one transaction; its files go last. A crash before the
/// transaction leaves all as it was, one after it leaves files that the next start sweeps away.
package final class Administrator: Sendable {
    /// What hears of environments.
    package struct Listener: Sendable {
        /// An environment exists from now on.
        package var added: @Sendable (EnvironmentName) -> Void
        /// An environment is gone.
        package var removed: @Sendable (EnvironmentName) async -> Void

        package init(
            added: @escaping @Sendable (EnvironmentName) -> Void,
            removed: @escaping @Sendable (EnvironmentName) async -> Void
        ) {
            self.added = added
            self.removed = removed
        }
    }

    private let catalog: any Catalog
    private let packages: PackageStore
    private let control: any ServiceControl
    private let archive: OutputArchive
    private let claims: ServiceClaims
    private let environments: Listener
    private let logger: Logger

    package init(
        catalog: any Catalog, packages: PackageStore, control: any ServiceControl, archive: OutputArchive,
        claims: ServiceClaims, environments: Listener, logger: Logger
    ) {
        self.catalog = catalog
        self.packages = packages
        self.control = control
        self.archive = archive
        self.claims = claims
        self.environments = environments
        self.logger = logger
    }

    // MARK: Services

    /// Checks that a service exists, in the catalog or in the host's process.
    ///
    /// - Throws: `RPCError` `noEnvironment` or `noService`.
    func check(_ id: ServiceID) async throws {
        if await control.standing(of: id)?.inProcess != nil { return }
        _ = try await record(of: id)
    }

    /// A service of the catalog.
    ///
    /// - Throws: `RPCError` `noEnvironment` or `noService`; `conflict` where it is in the host's process.
    func record(of id: ServiceID) async throws -> ServiceRecord {
        try claims.checkIsDeployed(id)
        if let record = try await catalog.service(id) { return record }
        guard try await catalog.environments().contains(id.environment) else {
            throw RPCError(.noEnvironment, "there is no environment \"\(id.environment)\" here")
        }
        throw CatalogRules.noService(id)
    }

    /// Lets a kept version take over again, by default the one that was live before the present one.
    ///
    /// - Throws: `RPCError`: `noVersion` where there is none of that number, or none before; `conflict` where it is live already
    ///   or the service is being removed; why it does not start.
    func rollback(
        _ id: ServiceID, to number: Int?, progress: @escaping @Sendable (Int, DeploymentPhase) -> Void
    ) async throws -> LiveVersion {
        try claims.enter(id)
        defer { claims.leave(id) }
        let target = try await target(of: id, number)
        claims.hold(target, of: id)
        defer { claims.release(target, of: id) }
        // Looked at again now that nobody prunes it.
        let record = try await record(of: id)
        guard let version = record.versions.first(where: { $0.number == target }) else {
            throw CatalogRules.noVersion(target, of: id)
        }
        guard record.liveVersion != target else {
            throw RPCError(.conflict, "version \(target) of \(id) is live already")
        }
        let runnable = RunnableVersion(
            number: target, manifest: version.manifest, codeDirectory: packages.codeDirectory(of: target, of: id),
            codeDigest: version.packageDigest)
        let newest = record.versions.map(\.number).max() ?? target
        try await control.rollback(runnable, of: id, after: newest) { progress(target, $0) }
        return LiveVersion(service: id, version: target)
    }

    private func target(of id: ServiceID, _ number: Int?) async throws -> Int {
        if let number { return number }
        let record = try await record(of: id)
        let kept = Set(record.versions.map(\.number)).subtracting([record.liveVersion].compactMap { $0 })
        guard let last = try await catalog.history(of: id, limit: 10_000).first(where: { kept.contains($0.version) })
        else { throw RPCError(.noVersion, "no version of \(id) that was live before is kept") }
        return last.version
    }

    /// Removes a service with all its versions, once nothing of it runs.
    ///
    /// - Throws: `RPCError`: `noEnvironment`, `noService`, `conflict` while a version of it is taking over.
    func remove(_ id: ServiceID) async throws {
        try claims.claim(id)
        defer { claims.release(id) }
        let record = try await record(of: id)
        do {
            try await stop(id)
            try await packages.removeService(id)
        } catch {
            try await recover([record], isGone: { try await catalog.service(id) == nil }, from: error)
        }
        await forgetOutput(of: id)
    }

    private func forgetOutput(of id: ServiceID) async {
        do {
            try await archive.forget(id)
        } catch {
            logger.warning(
                "files with what instances wrote are left over until the next start",
                metadata: ["lever.service": "\(id)", "lever.error": "\(error)"])
        }
    }

    /// Ends what runs of a service.
    private func stop(_ id: ServiceID) async throws {
        do throws(RPCError) {
            try await control.remove(id)
        } catch {
            // One that never had a live version is not known there.
            guard error.reason == .noService else { throw error }
        }
    }

    /// After a removal that failed. Where the catalog has forgotten everything, only files are left over, and the next start
    /// sweeps them away; else what was stopped is made known again.
    private func recover(
        _ records: [ServiceRecord], isGone: () async throws -> Bool, from failure: any Error
    ) async throws {
        if (try? await isGone()) == true {
            logger.warning(
                "files of what was removed are left over until the next start",
                metadata: ["lever.services": "\(records.map(\.id))", "lever.error": "\(failure)"])
            return
        }
        for record in records where await control.standing(of: record.id) == nil {
            guard let live = record.versions.first(where: { $0.number == record.liveVersion }) else { continue }
            let code = packages.codeDirectory(of: live.number, of: record.id)
            let runnable = RunnableVersion(
                number: live.number, manifest: live.manifest, codeDirectory: code, codeDigest: live.packageDigest)
            control.add([(record.id, runnable)])
        }
        throw failure
    }

    // MARK: Environments

    /// Makes an environment exist; `false` where it did.
    ///
    /// - Throws: `RPCError` `conflict` for the host's own, and while it is being removed.
    func addEnvironment(_ name: EnvironmentName) async throws -> Bool {
        try checkOwn(name)
        try claims.enter(name)
        defer { claims.leave(name) }
        guard try await catalog.addEnvironment(name) else { return false }
        environments.added(name)
        control.events.append(.environmentAdded, name, "an administrator made it")
        return true
    }

    /// Removes an environment; with `force` with all services in it, once nothing of them runs.
    ///
    /// - Throws: `RPCError`: `noEnvironment`; `conflict` where services are in it and `force` is `false`, for the default
    ///   environment and the host's own, and while somebody works on a service of it.
    func removeEnvironment(_ name: EnvironmentName, force: Bool) async throws {
        try checkOwn(name)
        try claims.claim(name)
        defer { claims.release(name) }
        let records = try await catalog.services().filter { $0.id.environment == name }
        // Before anything is stopped for it.
        try CatalogRules.checkRemoval(
            of: name, exists: try await catalog.environments().contains(name), services: records.count, force: force)
        do {
            try await withThrowingTaskGroup { group in
                for record in records { group.addTask { try await self.stop(record.id) } }
                try await group.waitForAll()
            }
            try await packages.removeEnvironment(name, force: force)
        } catch {
            try await recover(
                records, isGone: { try await !catalog.environments().contains(name) }, from: error)
        }
        for record in records { await forgetOutput(of: record.id) }
        await environments.removed(name)
        control.events.append(.environmentRemoved, name, "an administrator removed it")
    }

    private func checkOwn(_ name: EnvironmentName) throws(RPCError) {
        guard name != .admin else {
            throw RPCError(.conflict, "environment \"\(name)\" is the host's own")
        }
    }
}
