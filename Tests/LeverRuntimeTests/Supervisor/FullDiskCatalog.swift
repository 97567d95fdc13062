import LeverCore
import Synchronization

@testable import LeverRuntime

/// A catalog whose disk fills up when the test says so.
final class FullDiskCatalog: Catalog {
    let isFailing = Atomic(false)
    private let inner = InMemoryCatalog()

    func setLive(_ version: Int, of id: ServiceID) async throws {
        if isFailing.load(ordering: .relaxed) { throw RuntimeError(.catalog, "database or disk is full") }
        try await inner.setLive(version, of: id)
    }

    func raiseTerm() async throws -> Int { try await inner.raiseTerm() }
    func environments() async throws -> [EnvironmentName] { try await inner.environments() }
    func addEnvironment(_ name: EnvironmentName) async throws -> Bool { try await inner.addEnvironment(name) }
    func removeEnvironment(_ name: EnvironmentName, force: Bool) async throws {
        try await inner.removeEnvironment(name, force: force)
    }
    func services() async throws -> [ServiceRecord] { try await inner.services() }
    func service(_ id: ServiceID) async throws -> ServiceRecord? { try await inner.service(id) }
    func reserveVersion(_ id: ServiceID) async throws -> Int { try await inner.reserveVersion(id) }
    func addVersion(_ version: VersionRecord, to id: ServiceID) async throws {
        try await inner.addVersion(version, to: id)
    }
    func removeVersions(_ versions: [Int], of id: ServiceID) async throws {
        try await inner.removeVersions(versions, of: id)
    }
    func removeService(_ id: ServiceID) async throws { try await inner.removeService(id) }
    func history(of id: ServiceID, limit: Int) async throws -> [HistoryEntry] {
        try await inner.history(of: id, limit: limit)
    }
}
