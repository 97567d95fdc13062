package import LeverCore
package import Logging
import Synchronization

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
    private let logger: Logger
    private let underWay = Mutex(0)

    /// `environmentAdded` hears of environments that a deployment made.
    package init(
        catalog: any Catalog, packages: PackageStore, supervisor: Supervisor, bounds: LeverHost.Configuration.Uploads,
        logger: Logger, environmentAdded: @escaping @Sendable (EnvironmentName) -> Void
    ) {
        self.catalog = catalog
        self.packages = packages
        self.supervisor = supervisor
        self.bounds = bounds
        self.logger = logger
        self.environmentAdded = environmentAdded
    }

    /// Takes a package in pieces, `nil` at its end, and returns once its version is live.
    ///
    /// - Throws: ``DeploymentError`` where the package is refused or does not start; what was live still is. `CancellationError`
    ///   and ``RPCError`` where the caller went away before the package was whole.
    package func deploy(
        to environment: EnvironmentName, receive: @escaping @Sendable () async throws -> [UInt8]?,
        report: @escaping @Sendable (DeploymentProgress) -> Void
    ) async throws -> LiveVersion {
        try enter()
        defer { underWay.withLock { $0 -= 1 } }
        do {
            return try await run(environment, receive, report)
        } catch let error as RuntimeError where error.code == .package || error.code == .invalidInput {
            throw DeploymentError(error.description)
        } catch let error as RuntimeError {
            logger.error("deployment failed", metadata: ["lever.error": "\(error)"])
            throw DeploymentError("the host could not store the package: \(error.message)")
        }
    }

    private func enter() throws {
        let isFree = underWay.withLock { count in
            guard count < bounds.maximumConcurrent else { return false }
            count += 1
            return true
        }
        guard isFree else {
            throw DeploymentError(
                "\(bounds.maximumConcurrent) deployments are under way already; try again in a moment")
        }
    }

    private func run(
        _ environment: EnvironmentName, _ receive: @Sendable () async throws -> [UInt8]?,
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
        report(.phase("unpacked", message: "unpacked service \"\(id.service)\""))
        let version = try await packages.add(unpacked, to: id)
        environmentAdded(environment)
        do {
            try await supervisor.deploy(
                RunnableVersion(
                    number: version.number, manifest: version.manifest,
                    codeDirectory: packages.codeDirectory(of: version.number, of: id)), of: id
            ) { phase in
                let what = "version \(version.number)"
                report(
                    .phase(phase.rawValue, message: phase == .starting ? "\(what) starts" : "\(what) answers"))
            }
        } catch {
            await removeFailed(version.number, of: id)
            throw DeploymentError(error.message)
        }
        await removeOld(of: id)
        return LiveVersion(service: id, version: version.number)
    }

    private func upload(_ receive: @Sendable () async throws -> [UInt8]?) async throws -> UploadedPackage {
        let upload = try await packages.beginUpload()
        let deadline = ContinuousClock.now + bounds.timeout
        do {
            while let piece = try await receive() {
                guard ContinuousClock.now < deadline else {
                    throw DeploymentError("the package did not arrive within \(bounds.timeout)")
                }
                try await upload.append(piece)
            }
            return try await upload.finish()
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

    /// Removes versions that are older than those to keep.
    private func removeOld(of id: ServiceID) async {
        do {
            guard let service = try await catalog.service(id), let live = service.liveVersion else { return }
            let old = service.versions.map(\.number).filter { $0 < live }.dropLast(bounds.keptVersions)
            if !old.isEmpty { try await packages.remove(Array(old), of: id) }
        } catch {
            logger.warning(
                "old versions could not be removed",
                metadata: ["lever.service": "\(id)", "lever.error": "\(error)"])
        }
    }
}
