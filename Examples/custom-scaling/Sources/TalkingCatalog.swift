import LeverCore

/// A catalog around another one, which says what it is told to remember.
struct TalkingCatalog: Catalog {
    let catalog: any Catalog
    let say: @Sendable (String) -> Void

    func setLive(_ version: Int, of id: ServiceID) async throws {
        try await catalog.setLive(version, of: id)
        say("version \(version) of \(id) is live")
    }

    func raiseTerm() async throws -> Int { try await catalog.raiseTerm() }
    func environments() async throws -> [EnvironmentName] { try await catalog.environments() }
    func addEnvironment(_ name: EnvironmentName) async throws -> Bool { try await catalog.addEnvironment(name) }
    func removeEnvironment(_ name: EnvironmentName, force: Bool) async throws {
        try await catalog.removeEnvironment(name, force: force)
    }
    func services() async throws -> [ServiceRecord] { try await catalog.services() }
    func service(_ id: ServiceID) async throws -> ServiceRecord? { try await catalog.service(id) }
    func reserveVersion(_ id: ServiceID) async throws -> Int { try await catalog.reserveVersion(id) }
    func addVersion(_ version: VersionRecord, to id: ServiceID) async throws {
        try await catalog.addVersion(version, to: id)
    }
    func removeVersions(_ versions: [Int], of id: ServiceID) async throws {
        try await catalog.removeVersions(versions, of: id)
    }
    func removeService(_ id: ServiceID) async throws { try await catalog.removeService(id) }
    func history(of id: ServiceID, limit: Int) async throws -> [HistoryEntry] {
        try await catalog.history(of: id, limit: limit)
    }
}
