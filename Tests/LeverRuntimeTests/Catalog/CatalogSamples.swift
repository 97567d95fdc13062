import LeverCore

/// What tests put into catalogs.
enum CatalogSamples {
    static func service(_ name: String, _ environment: String = "dev.lever") throws -> ServiceID {
        try ServiceID(environment: EnvironmentName(environment), service: ServiceName(name))
    }

    static func version(_ number: Int, of id: ServiceID) -> VersionRecord {
        VersionRecord(
            number: number, manifest: Manifest(name: id.service, config: ["key": "value"]),
            packageDigest: String(repeating: "a", count: 64), packageSize: 1_000, uploadedAt: 1_700_000_000.25)
    }

    /// Reserves and adds a version.
    @discardableResult
    static func add(to id: ServiceID, of catalog: any Catalog) async throws -> Int {
        let number = try await catalog.reserveVersion(id)
        try await catalog.addVersion(version(number, of: id), to: id)
        return number
    }
}
