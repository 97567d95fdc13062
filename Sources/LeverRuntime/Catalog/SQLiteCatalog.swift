import GRDB
public import LeverCore

/// The catalog in an SQLite file.
///
/// Write-ahead log with full synchronisation: a change is on the disk when its method returns. Methods run to their end even
/// when their task is cancelled, since cleaning up after a cancelled deployment is done by cancelled tasks.
public final class SQLiteCatalog: Catalog {
    private let queue: DatabaseQueue
    private let path: String
    private let clock: @Sendable () -> Double

    /// Opens the catalog at a path, makes it where there is none, and brings it to the current schema. It blocks for some
    /// milliseconds, so it belongs to a program's start.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - clock: the time for the history, in seconds since 1970; the system's clock where there is none.
    /// - Throws: `RuntimeError` with the code `catalog`: the file is damaged, cannot be written, or belongs to a newer version of
    ///   Lever. Its message says what to do.
    public init(path: String, clock: (@Sendable () -> Double)? = nil) throws {
        self.path = path
        self.clock = clock ?? CatalogRules.secondsSince1970
        do {
            queue = try Self.open(path)
        } catch {
            throw Self.explain(error, path: path)
        }
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "lever.catalog"
        configuration.journalMode = .wal
        // The data directory's lock keeps other hosts out; this is for a backup program that reads the file.
        configuration.busyMode = .timeout(5)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { database in
            // GRDB's setting for the write-ahead log may lose the last transactions in a power failure.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            let problems = try String.fetchAll(database, sql: "PRAGMA quick_check(1)")
            guard problems == ["ok"] else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: problems.joined(separator: "; "))
            }
        }
        let migrator = CatalogSchema.migrator
        guard try !queue.read(migrator.hasBeenSuperseded) else {
            throw RuntimeError(
                .catalog, "the catalog \(path) was written by a newer version of Lever: run that version or a later one"
            )
        }
        try migrator.migrate(queue)
        return queue
    }

    /// Turns what SQLite reports into an error that says what to do; others pass.
    private static func explain(_ error: any Error, path: String) -> any Error {
        guard let failure = error as? DatabaseError else { return error }
        let advice =
            switch failure.resultCode.primaryResultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                "is damaged: restore it from a backup, or move it away to start without any service"
            case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
                "cannot be opened for writing: check that its directory exists and that this user may write to it"
            case .SQLITE_FULL: "cannot grow: the disk is full"
            case .SQLITE_IOERR: "cannot be read or written: check the disk"
            case .SQLITE_BUSY, .SQLITE_LOCKED: "is in use by another program: end that program"
            default: "failed"
            }
        return RuntimeError(.catalog, "the catalog \(path) \(advice)", cause: failure)
    }

    /// Runs one transaction.
    private func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                queue.asyncWrite(body) { _, result in continuation.resume(with: result) }
            }
        } catch {
            throw Self.explain(error, path: path)
        }
    }

    /// Reads from one consistent state.
    private func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                queue.asyncRead { database in
                    continuation.resume(with: Result { try body(database.get()) })
                }
            }
        } catch {
            throw Self.explain(error, path: path)
        }
    }

    /// Raises the term by one; see `Catalog.raiseTerm()`.
    public func raiseTerm() async throws -> Int {
        try await write { database in
            let term = try CatalogRules.next(term: Int.fetchOne(database, sql: "SELECT term FROM host") ?? 0)
            try database.execute(sql: "INSERT OR REPLACE INTO host (id, term) VALUES (1, ?)", arguments: [term])
            return term
        }
    }

    /// All environments, sorted by name.
    public func environments() async throws -> [EnvironmentName] {
        try await read { database in
            try String.fetchAll(database, sql: "SELECT name FROM environment ORDER BY name").map {
                try EnvironmentName($0)
            }
        }
    }

    /// Makes an environment exist; `false` where it did already.
    @discardableResult
    public func addEnvironment(_ name: EnvironmentName) async throws -> Bool {
        try await write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO environment (name) VALUES (?)", arguments: [name.rawValue])
            return database.changesCount == 1
        }
    }

    /// Removes an environment; see `Catalog.removeEnvironment(_:force:)`.
    public func removeEnvironment(_ name: EnvironmentName, force: Bool) async throws {
        try await write { database in
            let exists = try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM environment WHERE name = ?)", arguments: [name.rawValue])
            let services = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM service WHERE environment = ?", arguments: [name.rawValue])
            try CatalogRules.checkRemoval(of: name, exists: exists ?? false, services: services ?? 0, force: force)
            try database.execute(sql: "DELETE FROM environment WHERE name = ?", arguments: [name.rawValue])
        }
    }

    /// All services, sorted by environment and name.
    public func services() async throws -> [ServiceRecord] {
        try await read { try CatalogSchema.services(in: $0) }
    }

    /// One service; `nil` where there is none.
    public func service(_ id: ServiceID) async throws -> ServiceRecord? {
        try await read { try CatalogSchema.service(id, in: $0) }
    }

    /// Takes the next version number of a service for ever.
    public func reserveVersion(_ id: ServiceID) async throws -> Int {
        try await write { database in
            let version = try CatalogSchema.reserved(id, in: database) + 1
            try database.execute(
                sql: "INSERT OR REPLACE INTO reserved (environment, service, version) VALUES (?, ?, ?)",
                arguments: [id.environment.rawValue, id.service.rawValue, version])
            return version
        }
    }

    /// Adds a version whose number was reserved; see `Catalog.addVersion(_:to:)`.
    public func addVersion(_ version: VersionRecord, to id: ServiceID) async throws {
        try await write { database in
            try CatalogRules.checkAddition(
                of: version.number, to: id, reserved: CatalogSchema.reserved(id, in: database),
                exists: CatalogSchema.hasVersion(version.number, of: id, in: database))
            try database.execute(
                sql: "INSERT OR IGNORE INTO environment (name) VALUES (?)", arguments: [id.environment.rawValue])
            try database.execute(
                sql: "INSERT OR IGNORE INTO service (environment, name) VALUES (?, ?)",
                arguments: [id.environment.rawValue, id.service.rawValue])
            try CatalogSchema.insert(version, of: id, in: database)
        }
    }

    /// Makes a version live; see `Catalog.setLive(_:of:)`.
    public func setLive(_ version: Int, of id: ServiceID) async throws {
        let now = clock()
        try await write { database in
            guard let service = try CatalogSchema.row(of: id, in: database) else { throw CatalogRules.noService(id) }
            guard try CatalogSchema.hasVersion(version, of: id, in: database) else {
                throw CatalogRules.noVersion(version, of: id)
            }
            let live: Int? = service["liveVersion"]
            guard live != version else { return }
            try database.execute(
                sql: "UPDATE service SET liveVersion = ? WHERE environment = ? AND name = ?",
                arguments: [version, id.environment.rawValue, id.service.rawValue])
            try database.execute(
                sql: "INSERT INTO history (environment, service, version, liveSince) VALUES (?, ?, ?, ?)",
                arguments: [id.environment.rawValue, id.service.rawValue, version, now])
        }
    }

    /// Removes versions that are not live; see `Catalog.removeVersions(_:of:)`.
    public func removeVersions(_ versions: [Int], of id: ServiceID) async throws {
        try await write { database in
            guard let service = try CatalogSchema.row(of: id, in: database) else { return }
            try CatalogRules.checkRemoval(of: versions, from: id, live: service["liveVersion"])
            for version in versions {
                try database.execute(
                    sql: "DELETE FROM version WHERE environment = ? AND service = ? AND number = ?",
                    arguments: [id.environment.rawValue, id.service.rawValue, version])
            }
            try database.execute(
                sql: """
                    DELETE FROM service WHERE environment = ? AND name = ? AND NOT EXISTS (SELECT 1 FROM version
                    WHERE version.environment = service.environment AND version.service = service.name)
                    """,
                arguments: [id.environment.rawValue, id.service.rawValue])
        }
    }

    /// Removes a service with all its versions; see `Catalog.removeService(_:)`.
    public func removeService(_ id: ServiceID) async throws {
        try await write { database in
            try database.execute(
                sql: "DELETE FROM service WHERE environment = ? AND name = ?",
                arguments: [id.environment.rawValue, id.service.rawValue])
            guard database.changesCount == 1 else { throw CatalogRules.noService(id) }
        }
    }

    /// When which version became live, newest first.
    public func history(of id: ServiceID, limit: Int) async throws -> [HistoryEntry] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql:
                    "SELECT version, liveSince FROM history WHERE environment = ? AND service = ? ORDER BY id DESC LIMIT ?",
                arguments: [id.environment.rawValue, id.service.rawValue, max(limit, 0)])
            return rows.map { HistoryEntry(version: $0["version"], liveSince: $0["liveSince"]) }
        }
    }

    /// The level of synchronisation as SQLite numbers it (2 is FULL) and the journal's mode, for tests.
    func durability() async throws -> (synchronous: Int?, journal: String?) {
        try await read { database in
            try (
                Int.fetchOne(database, sql: "PRAGMA synchronous"), String.fetchOne(database, sql: "PRAGMA journal_mode")
            )
        }
    }

    /// Notes a migration that this version does not know, for tests.
    func addMigrationOfTheFuture() throws {
        try queue.write {
            try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('from a newer version')")
        }
    }
}
