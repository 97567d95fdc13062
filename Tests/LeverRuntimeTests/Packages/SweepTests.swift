import LeverCore
import Testing

@testable import LeverRuntime

@Suite("The sweep at start")
struct SweepTests {
    @Test("finds nothing to do in what is whole")
    func whole() async throws {
        try await TestStore.with { test in
            for content in ["one", "two"] { try await test.add(TestStore.package(content)) }
            try await test.add(TestStore.package("other", name: "other"))
            #expect(try await test.store.sweep() == PackageStore.SweepReport())
            #expect(TestFiles.names(test.directory.packages).count == 3)
        }
    }

    @Test("removes what every interrupted step left, and keeps what was live")
    func halves() async throws {
        try await TestStore.with { test in
            let (id, _) = try await test.add(TestStore.package("one"))
            try await test.add(TestStore.package("two"))
            // In the catalog, but never live.
            try await test.add(TestStore.package("three"), live: false)
            try await test.add(TestStore.package("new", name: "new-service"), live: false)
            // Unpacked, but not added.
            _ = try await test.unpack(TestStore.package("four"))
            // Uploaded only, and cut off.
            _ = try await test.upload(TestStore.package("five"))
            let open = try await test.store.beginUpload()
            try await open.append([1])
            // In place, but unknown to the catalog.
            _ = try await test.catalog.reserveVersion(id)
            let service = test.directory.code(of: id)
            try TestFiles.shell(
                """
                cp -r '\(service)/1' '\(service)/4'; mkdir -p '\(test.directory.code)/gone.example/gone/1'
                echo x > '\(test.directory.packages)/orphan.tar.gz'; ln -s / '\(test.directory.code)/.tmp-link'
                """, in: "/")

            let report = try await test.store.sweep()
            let fresh = ServiceID(environment: .default, service: try ServiceName("new-service"))
            #expect(report.removedVersions == [id: [3], fresh: [1]])
            #expect(report.restoredVersions.isEmpty && report.lostVersions.isEmpty)
            #expect(report.removedFiles.contains("code/dev.lever/hello/4"))
            #expect(report.removedFiles.contains("code/gone.example"))
            #expect(try await test.catalog.services().map(\.id) == [id])
            #expect(TestFiles.names(service) == ["1", "2"])
            #expect(TestFiles.names(test.directory.code) == ["dev.lever"])
            #expect(TestFiles.names(test.directory.packages).count == 2)
            #expect(TestFiles.names(test.directory.uploads) == [])
            #expect(try await test.store.sweep() == PackageStore.SweepReport())
            #expect(try await test.add(TestStore.package("five")).version == 5)
        }
    }

    @Test("unpacks again what is missing, and says what is lost")
    func missing() async throws {
        try await TestStore.with { test in
            let (id, _) = try await test.add(TestStore.package("one"))
            let (lost, _) = try await test.add(TestStore.package("lost", name: "lost-one"))
            let digest = try #require(try await test.catalog.service(lost)?.versions.first?.packageDigest)
            try TestFiles.shell("chmod -R u+w .; rm -rf code/*; rm packages/\(digest).tar.gz", in: test.path)
            let report = try await test.store.sweep()
            #expect(report.restoredVersions == [id: [1]])
            #expect(report.lostVersions[lost]?[1]?.contains(digest) == true)
            #expect(try TestFiles.read("\(test.store.codeDirectory(of: 1, of: id))/main.js") == Array("one".utf8))
        }
    }

    @Test("reopened from SQLite after a crash, acknowledged versions are there")
    func reopened() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data"
            let first = try TestStore(path, catalog: SQLiteCatalog(path: "\(directory)/lever.sqlite"))
            let (id, _) = try await first.add(TestStore.package("one"))
            try await first.add(TestStore.package("two"), live: false)
            // The kernel would drop the lock with the process; the catalog stays as it was.
            first.directory.close()
            let second = try TestStore(path, catalog: SQLiteCatalog(path: "\(directory)/lever.sqlite"))
            defer { second.directory.close() }
            #expect(try await second.store.sweep().removedVersions == [id: [2]])
            #expect(try await second.catalog.service(id)?.liveVersion == 1)
            #expect(try TestFiles.read("\(second.store.codeDirectory(of: 1, of: id))/main.js") == Array("one".utf8))
        }
    }
}
