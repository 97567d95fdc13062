import LeverCore
import LeverTesting
import Testing

@testable import LeverRuntime

@Suite("The package store")
struct PackageStoreTests {
    @Test("a package becomes a version: whole, read-only, recorded")
    func add() async throws {
        try await TestStore.with { test in
            let bytes = TestStore.package("one")
            let (id, version) = try await test.add(bytes)
            #expect(version == 1)
            let code = test.store.codeDirectory(of: 1, of: id)
            #expect(TestFiles.mode(code) == 0o555)
            #expect(try TestFiles.read("\(code)/main.js") == Array("one".utf8))
            let record = try #require(try await test.catalog.service(id)?.versions.first)
            #expect(record.packageSize == bytes.count)
            #expect(try TestFiles.read(test.directory.package(digest: record.packageDigest)) == bytes)
            try TestFiles.shell(
                "echo '\(record.packageDigest)  \(record.packageDigest).tar.gz' | sha256sum -c",
                in: test.directory.packages)
            #expect(TestFiles.names(test.directory.uploads) == [])
            #expect(TestFiles.names(test.directory.code) == ["dev.lever"])
        }
    }

    @Test("a package stays until the last version that has it goes")
    func sharedPackage() async throws {
        try await TestStore.with { test in
            let bytes = TestStore.package("same")
            let (id, _) = try await test.add(bytes)
            for _ in 2...3 { try await test.add(bytes) }
            #expect(TestFiles.names(test.directory.packages).count == 1)
            try await test.store.remove([1, 2], of: id)
            #expect(TestFiles.names(test.directory.code(of: id)) == ["3"])
            #expect(TestFiles.names(test.directory.packages).count == 1)
            await #expect(throws: RPCError.self) { try await test.store.remove([3], of: id) }
            #expect(TestFiles.names(test.directory.code(of: id)) == ["3"])
            try await test.store.removeService(id)
            #expect(TestFiles.names(test.directory.code(of: id)) == [])
            #expect(TestFiles.names(test.directory.packages) == [])
            #expect(try await test.add(bytes).version == 4)
        }
    }

    @Test("an environment goes with its code")
    func environment() async throws {
        try await TestStore.with { test in
            let unpacked = try await test.unpack(TestStore.package("x"))
            let id = try ServiceID(environment: EnvironmentName("shop.example"), service: unpacked.manifest.name)
            _ = try await test.store.add(unpacked, to: id)
            await #expect(throws: RPCError.self) {
                try await test.store.removeEnvironment(id.environment, force: false)
            }
            #expect(TestFiles.names(test.directory.code(of: id)) == ["1"])
            try await test.store.removeEnvironment(id.environment, force: true)
            #expect(TestFiles.names(test.directory.code(of: id)) == [])
            #expect(TestFiles.names(test.directory.packages) == [])
        }
    }

    @Test("the same bytes, added and removed at once, are never lost to a version")
    func concurrentSamePackage() async throws {
        try await TestStore.with { test in
            let bytes = TestStore.package("same")
            try await withThrowingTaskGroup { group in
                for index in 0..<4 {
                    group.addTask {
                        for _ in 0..<8 {
                            let (id, version) = try await test.add(bytes, live: false)
                            if index > 0 { try await test.store.remove([version], of: id) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let services = try await test.catalog.services()
            #expect(services.map(\.versions.count) == [8])
            #expect(TestFiles.names(test.directory.packages) == ["\(services[0].versions[0].packageDigest).tar.gz"])
        }
    }

    @Test("a catalog that fails leaves nothing behind")
    func failingCatalog() async throws {
        try await withTemporaryDirectory { directory in
            let test = try TestStore("\(directory)/data", catalog: FailingCatalog())
            defer { test.directory.close() }
            await #expect(throws: FailingCatalog.Failure.self) { try await test.add(TestStore.package("x")) }
            #expect(test.leftovers == ["dev.lever"])
            #expect(TestFiles.names("\(test.directory.code)/dev.lever/hello") == [])
        }
    }

    @Test("uploads end at the limit, and leave nothing")
    func uploadLimit() async throws {
        var limits = PackageLimits()
        limits.packageBytes = 100
        try await TestStore.with(limits: limits) { test in
            let upload = try await test.store.beginUpload()
            try await upload.append(Array(repeating: 1, count: 100))
            let error = await #expect(throws: RuntimeError.self) { try await upload.append([1]) }
            #expect(error?.code == .package)
            #expect(error?.message.contains("100 bytes") == true)
            #expect(test.leftovers == [])
            let ended = await #expect(throws: RuntimeError.self) { try await upload.append([1]) }
            #expect(ended?.code == .stopped)
        }
    }

    @Test("uploads that are abandoned, forgotten or empty leave nothing")
    func abandoned() async throws {
        try await TestStore.with { test in
            let upload = try await test.store.beginUpload()
            try await upload.append([1, 2, 3])
            #expect(test.leftovers.count == 1)
            upload.abandon()
            #expect(test.leftovers == [])
            do { try await test.store.beginUpload().append([1]) }
            // The thread that wrote the piece may be the last to hold the upload.
            #expect(try await eventually { test.leftovers == [] })
            let empty = try await test.store.beginUpload()
            let error = await #expect(throws: RuntimeError.self) { try await empty.finish() }
            #expect(error?.message == "the package is empty")
            #expect(test.leftovers == [])
        }
    }

    @Test("limits that make no sense are refused")
    func badLimits() async throws {
        try await TestStore.with { test in
            var limits = PackageLimits()
            limits.entries = 0
            let error = #expect(throws: RuntimeError.self) {
                try PackageStore(directory: test.directory, catalog: test.catalog, limits: limits)
            }
            #expect(error?.message.contains("entries is 0") == true)
        }
    }
}

/// A catalog in memory that takes no versions.
struct FailingCatalog: Catalog {
    struct Failure: Error {}
    let memory = InMemoryCatalog()

    func raiseTerm() async throws -> Int { try await memory.raiseTerm() }
    func environments() async throws -> [EnvironmentName] { try await memory.environments() }
    func addEnvironment(_ name: EnvironmentName) async throws -> Bool { try await memory.addEnvironment(name) }
    func removeEnvironment(_ name: EnvironmentName, force: Bool) async throws {}
    func services() async throws -> [ServiceRecord] { try await memory.services() }
    func service(_ id: ServiceID) async throws -> ServiceRecord? { try await memory.service(id) }
    func reserveVersion(_ id: ServiceID) async throws -> Int { try await memory.reserveVersion(id) }
    func addVersion(_ version: VersionRecord, to id: ServiceID) async throws { throw Failure() }
    func setLive(_ version: Int, of id: ServiceID) async throws {}
    func removeVersions(_ versions: [Int], of id: ServiceID) async throws {}
    func removeService(_ id: ServiceID) async throws {}
    func history(of id: ServiceID, limit: Int) async throws -> [HistoryEntry] { [] }
}
