import LeverCore
import LeverRuntime
import LeverTesting
import Testing

@Suite("Catalogs keep the contract")
struct CatalogTests {
    @Test("in memory", arguments: CatalogConformance.checks)
    func memory(check: ConformanceCheck<any Catalog>) async throws {
        try await check.run(on: InMemoryCatalog())
    }

    @Test("in SQLite", arguments: CatalogConformance.checks)
    func sqlite(check: ConformanceCheck<any Catalog>) async throws {
        try await withTemporaryDirectory { directory in
            try await check.run(on: SQLiteCatalog(path: "\(directory)/lever.sqlite"))
        }
    }
}
