import LeverCore
import LeverRuntime
import Testing

@Suite("Catalogs keep the contract")
struct CatalogTests {
    @Test("in memory", arguments: CatalogConformance.checks)
    func memory(check: CatalogConformance) async throws {
        try await check.run(InMemoryCatalog())
    }

    @Test("in SQLite", arguments: CatalogConformance.checks)
    func sqlite(check: CatalogConformance) async throws {
        try await withTemporaryDirectory { directory in
            try await check.run(SQLiteCatalog(path: "\(directory)/lever.sqlite"))
        }
    }
}
