import LeverCore

/// What every ``Catalog`` must do, whoever wrote it: each check gets an empty catalog and throws where the contract is broken.
///
/// It needs no test library, so any runner can go through ``checks``.
struct CatalogConformance: Sendable, CustomStringConvertible {
    /// What a check found.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the check is about.
    let description: String
    /// Runs it on an empty catalog.
    let run: @Sendable (any Catalog) async throws -> Void

    /// All checks.
    static let checks = terms + environments + versions + liveVersions + removals

    static func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        guard condition else { throw Failure(description: message()) }
    }

    static func expect<Value: Equatable>(_ found: Value, is expected: Value, _ what: String) throws {
        try expect(found == expected, "\(what): expected \(expected), found \(found)")
    }

    static func expect(
        _ reason: RPCError.Reason, naming name: String, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch let error as RPCError {
            try expect(error.reason == reason, "expected \(reason), got \(error)")
            try expect(error.message.contains(name), "\"\(error.message)\" does not name \(name)")
            return
        }
        throw Failure(description: "expected \(reason), but nothing was thrown")
    }

    static func service(_ name: String, _ environment: String = "dev.lever") throws -> ServiceID {
        try ServiceID(environment: EnvironmentName(environment), service: ServiceName(name))
    }

    static func version(_ number: Int, of id: ServiceID, digest: Character = "a") -> VersionRecord {
        VersionRecord(
            number: number,
            manifest: Manifest(
                name: id.service, description: "It's \"quoted\"; naïve", entry: .javaScript("main.js"), isPrivate: true,
                maxInstanceLoad: 2.5, minInstances: 1, ram: 64, config: ["key": ["a", 1, nil, true], "né": 0.1]),
            packageDigest: String(repeating: digest, count: 64), packageSize: 1_234_567_890_123,
            uploadedAt: 1_700_000_000.25)
    }

    /// Reserves and adds a version.
    @discardableResult
    static func add(to id: ServiceID, of catalog: any Catalog) async throws -> Int {
        let number = try await catalog.reserveVersion(id)
        try await catalog.addVersion(version(number, of: id), to: id)
        return number
    }
}
