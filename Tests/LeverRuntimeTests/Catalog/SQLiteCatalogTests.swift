import LeverCore
import Testing

@testable import LeverRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite("The SQLite catalog")
struct SQLiteCatalogTests {
    @Test("all is there after reopening without having closed")
    func reopening() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/lever.sqlite"
            let id = try CatalogSamples.service("hello", "shop.example")
            // It stays open, as a killed process leaves it: the log is not written back to the file.
            let first = try SQLiteCatalog(path: path)
            for _ in 1...3 { try await CatalogSamples.add(to: id, of: first) }
            try await first.setLive(2, of: id)
            _ = try await first.raiseTerm()

            // What a crash leaves is the files alone, so the second one opens a copy of them.
            for suffix in ["", "-wal"] {
                try TestFiles.write(TestFiles.read(path + suffix), to: "\(directory)/copy.sqlite\(suffix)")
            }
            let second = try SQLiteCatalog(path: "\(directory)/copy.sqlite")
            #expect(try await second.services() == first.services())
            #expect(try await second.service(id)?.liveVersion == 2)
            #expect(try await second.history(of: id, limit: 5) == first.history(of: id, limit: 5))
            #expect(try await second.raiseTerm() == 2)
            #expect(try await second.reserveVersion(id) == 4)
        }
    }

    @Test("writes are synchronised in full, in a write-ahead log")
    func durability() async throws {
        try await withTemporaryDirectory { directory in
            let (synchronous, journal) = try await SQLiteCatalog(path: "\(directory)/lever.sqlite").durability()
            #expect(synchronous == 2)
            #expect(journal == "wal")
        }
    }

    @Test("a log that was cut anywhere leaves a catalog of whole transactions")
    func cutLog() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/lever.sqlite"
            let catalog = try SQLiteCatalog(path: path)
            let id = try CatalogSamples.service("hello")
            for _ in 1...4 { try await catalog.setLive(CatalogSamples.add(to: id, of: catalog), of: id) }
            let (base, log) = try (TestFiles.read(path), TestFiles.read(path + "-wal"))
            for step in 0...24 {
                let copy = "\(directory)/\(step).sqlite"
                try TestFiles.write(base, to: copy)
                try TestFiles.write(Array(log.prefix(log.count * step / 24)), to: copy + "-wal")
                let reopened = try SQLiteCatalog(path: copy)
                guard let record = try await reopened.service(id) else { continue }
                let count = record.versions.count
                #expect([count, count - 1].contains(record.liveVersion ?? 0), "cut at \(step)/24")
                #expect(try await reopened.history(of: id, limit: 9).count == record.liveVersion ?? 0)
                #expect(try await reopened.reserveVersion(id) >= count)
            }
        }
    }

    @Test("a damaged file is refused and left alone", arguments: ["no database", "torn page"])
    func damaged(kind: String) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/lever.sqlite"
            if kind == "no database" {
                try TestFiles.write(Array(repeating: 0x5A, count: 8192), to: path)
            } else {
                do {
                    let catalog = try SQLiteCatalog(path: path)
                    try await CatalogSamples.add(to: CatalogSamples.service("hello"), of: catalog)
                }
                // The last connection is gone, so all is in the file.
                var bytes = try TestFiles.read(path)
                for index in 4096..<min(bytes.count, 16384) { bytes[index] = 0xFF }
                try TestFiles.write(bytes, to: path)
                _ = [unlink(path + "-wal"), unlink(path + "-shm")]
            }
            let before = try TestFiles.read(path).prefix(16384).dropFirst(4096)
            let error = #expect(throws: RuntimeError.self) { try SQLiteCatalog(path: path) }
            #expect(error?.code == .catalog)
            #expect(error?.message.contains("is damaged: restore it") == true, "\(String(describing: error))")
            #expect(error?.message.contains(path) == true)
            // SQLite may count its attempt in the first page, and keep an empty page at the end.
            #expect(try TestFiles.read(path).prefix(16384).dropFirst(4096) == before)
        }
    }

    @Test("a newer schema is refused, naming the way out")
    func newer() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/lever.sqlite"
            try SQLiteCatalog(path: path).addMigrationOfTheFuture()
            let error = #expect(throws: RuntimeError.self) { try SQLiteCatalog(path: path) }
            #expect(error?.code == .catalog)
            #expect(error?.message.contains("newer version of Lever: run that version") == true)
        }
    }

    @Test(
        "a place that cannot be written says so", arguments: ["/proc/lever.sqlite", "missing/lever.sqlite", "folder"])
    func unwritable(name: String) async throws {
        try await withTemporaryDirectory { directory in
            mkdir("\(directory)/folder", 0o700)
            let path = name.hasPrefix("/") ? name : "\(directory)/\(name)"
            let error = #expect(throws: RuntimeError.self) { try SQLiteCatalog(path: path) }
            #expect(error?.code == .catalog)
            #expect(error?.message.contains("cannot be opened for writing") == true, "\(String(describing: error))")
        }
    }

    @Test("a read-only file says so", .enabled(if: geteuid() != 0, "root may write to every file"))
    func readOnly() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/lever.sqlite"
            do { _ = try SQLiteCatalog(path: path) }
            chmod(path, 0o400)
            chmod(directory, 0o500)
            defer { chmod(directory, 0o700) }
            let error = #expect(throws: RuntimeError.self) { try SQLiteCatalog(path: path) }
            #expect(error?.message.contains("cannot be opened for writing") == true, "\(String(describing: error))")
        }
    }

    @Test("terms end below 2²¹")
    func lastTerm() {
        #expect(throws: RuntimeError.self) { try CatalogRules.next(term: (1 << 21) - 1) }
        #expect(throws: Never.self) { try CatalogRules.next(term: (1 << 21) - 2) }
    }
}
