public import LeverCore

/// What every `Catalog` must do, whoever wrote it. Each check gets an empty catalog.
///
/// What it cannot check is that an acknowledged operation survives a crash: that needs a process that dies.
public enum CatalogConformance: ConformanceSuite {
    typealias Check = ConformanceCheck<any Catalog>

    /// All checks.
    public static var checks: [ConformanceCheck<any Catalog>] {
        terms + environments + versions + liveVersions + removals
    }

    static func service(_ name: String, _ environment: String = "dev.lever") throws -> ServiceID {
        try ServiceID(environment: EnvironmentName(environment), service: ServiceName(name))
    }

    /// A version with something in every part of its manifest that a catalog could lose.
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
