package import LeverCore
package import Logging

/// Makes a package a service's live version: receive, unpack, install, start, record.
///
/// What is acknowledged is on disk: the code is in place before the catalog knows the version, the version is ready before
/// it is live, and it is live before anybody is told. What a crash leaves of the steps before that is swept at the next start.
package final class Deployer: Sendable {
    private let catalog: any Catalog
    private let packages: PackageStore
    private let supervisor: Supervisor
    private let bounds: LeverHost.Configuration.Uploads
    private let environmentAdded: @Sendable (EnvironmentName) -> Void
    private let claims: ServiceClaims
    private let runningVersions: @Sendable (ServiceID) async -> Set<Int>
    private let logger: Logger
    private let work = DeployerWork()

    /// - Parameters:
    ///   - environmentAdded: hears of environments that a deployment made.
    ///   - runningVersions: which versions of a service instances run at the moment.
    package init(
        catalog: any Catalog, packages: PackageStore, supervisor: Supervisor, claims: ServiceClaims,
        bounds: LeverHost.Configuration.Uploads, logger: Logger,
        environmentAdded: @escaping @Sendable (EnvironmentName) -> Void,
        runningVersions: @escaping @Sendable (ServiceID) async -> Set<Int>
    ) {
        self.catalog = catalog
        self.packages = packages
        self.supervisor = supervisor
        self.claims = claims
        self.bounds = bounds
        self.logger = logger
        self.environmentAdded = environmentAdded
        self.runningVersions = runningVersions
    }

    /// Takes a package in pieces, `nil` at its end, and returns once its version is live.
    ///
    /// - Throws: ``DeploymentError`` where the package is refused or does not start; what was live still is. `CancellationError`
    ///   and `RPCError` where the caller went away before the package was whole.
    package func deploy(
        to environment: EnvironmentName, receive: @escaping @Sendable () async throws -> [UInt8]?,
        report: @escaping @Sendable (DeploymentProgress) -> Void
    ) async throws -> LiveVersion {
        try work.enter(limit: bounds.maximumConcurrent)
        defer { work.leave() }
        do {
            return try await run(environment, receive, report)
        } catch let error as RuntimeError where error.code == .package || error.code == .invalidInput {
            throw DeploymentError(error.description)
        } catch let error as RuntimeError {
            logger.error("deployment failed", metadata: ["lever.error": "\(error)"])
            throw DeploymentError("the host could not store the package: \(error.message)")
        }
    }

    /// Refuses deployments from now on; those whose packages are still arriving end.
    package func close() {
        work.close()
    }

    /// As ``close()``, and waits until no deployment is under way: nothing uses the store for one any more.
    package func waitUntilIdle() async {
        await work.closeAndWait()
    }

    private func run(
        _ environment: EnvironmentName, _ receive: @escaping @Sendable () async throws -> [UInt8]?,
        _ report: @escaping @Sendable (DeploymentProgress) -> Void
    ) async throws -> LiveVersion {
        let package = try await upload(receive)
        report(.phase("received", message: "received \(package.size) bytes"))
        let unpacked = try await packages.unpack(package)
        for warning in unpacked.warnings { report(.warning(warning)) }
        let id = ServiceID(environment: environment, service: unpacked.manifest.name)
        guard id != .admin else {
            try await packages.discard(unpacked)
            throw DeploymentError("service \(id) is the host's own")
        }
        for warning in supervisor.context.driver.warnings(about: unpacked.manifest) { report(.warning(warning)) }
        report(.phase("unpacked", message: "unpacked service \"\(id.service)\""))
        do {
            try claims.enter(id)
        } catch {
            try await packages.discard(unpacked)
            throw DeploymentError(error.message)
        }
        defer { claims.leave(id) }
        let isNew = try await !catalog.environments().contains(environment)
        let version = try await packages.add(unpacked, to: id)
        claims.hold(version.number, of: id)
        defer { claims.release(version.number, of: id) }
        environmentAdded(environment)
        if isNew { supervisor.events.append(.environmentAdded, environment, "the first deployment to it made it") }
        let runnable = RunnableVersion(
            number: version.number, manifest: version.manifest,
            codeDirectory: packages.codeDirectory(of: version.number, of: id), codeDigest: version.packageDigest)
        do {
            try await supervisor.context.driver.fetch(
                for: runnable.specification(InstanceID("none"), of: id)
            ) { line in
                report(.phase("fetching", message: line))
            }
            try await supervisor.deploy(runnable, of: id) { phase in report(.phase(phase, of: version.number)) }
        } catch let error as RuntimeError {
            await removeFailed(version.number, of: id)
            throw DeploymentError(error.message)
        } catch let error as RPCError {
            await removeFailed(version.number, of: id)
            throw DeploymentError(error.message)
        }
        await prune(id)
        return LiveVersion(service: id, version: version.number)
    }

    /// Takes the package, against the clock: a sender that falls silent does not hold its place for ever.
    private func upload(_ receive: @escaping @Sendable () async throws -> [UInt8]?) async throws -> UploadedPackage {
        let upload = try await packages.beginUpload()
        do {
            return try await withThrowingTaskGroup(of: UploadedPackage.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    while let piece = try await receive() { try await upload.append(piece) }
                    return try await upload.finish()
                }
                group.addTask { [bounds] in
                    try await Task.sleep(for: bounds.timeout)
                    throw DeploymentError("the package did not arrive within \(bounds.timeout)")
                }
                group.addTask { [work] in
                    try await work.waitForClose()
                    throw DeploymentError("the host is shutting down")
                }
                guard let package = try await group.next() else { throw CancellationError() }
                return package
            }
        } catch {
            upload.abandon()
            throw error
        }
    }

    private func removeFailed(_ version: Int, of id: ServiceID) async {
        do {
            try await packages.remove([version], of: id)
        } catch {
            // It is swept at the next start.
            logger.warning(
                "what is left of a failed version could not be removed",
                metadata: ["lever.service": "\(id)", "lever.version": "\(version)", "lever.error": "\(error)"])
        }
    }

    /// Removes versions beside the live one and the newest others, but none that an instance runs or a deployment has in hand.
    /// After a rollback newer ones than the live one exist.
    func prune(_ id: ServiceID) async {
        do {
            // Asked for first: what begins to run or to be deployed after this is live or among the newest.
            let needed = await runningVersions(id).union(claims.held(of: id))
            guard let service = try await catalog.service(id), let live = service.liveVersion else { return }
            let others = service.versions.map(\.number).filter { $0 != live }
            let old = others.sorted().dropLast(bounds.keptVersions).filter { !needed.contains($0) }
            if !old.isEmpty { try await packages.remove(old, of: id) }
        } catch {
            logger.warning(
                "old versions could not be removed",
                metadata: ["lever.service": "\(id)", "lever.error": "\(error)"])
        }
    }
}
