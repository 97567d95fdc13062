import GRDB
import LeverCore

/// The tables of ``SQLiteCatalog``, and how records are read from and written to them.
///
/// Migrations are only ever added, never changed: files of every earlier version exist.
enum CatalogSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE host (id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER NOT NULL) STRICT;

                    CREATE TABLE environment (name TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
                    INSERT INTO environment (name) VALUES ('dev.lever');

                    -- The highest version number that a service ever took; without foreign keys, to outlive the service.
                    CREATE TABLE reserved (
                        environment TEXT NOT NULL, service TEXT NOT NULL, version INTEGER NOT NULL,
                        PRIMARY KEY (environment, service)) STRICT, WITHOUT ROWID;

                    CREATE TABLE service (
                        environment TEXT NOT NULL REFERENCES environment (name) ON DELETE CASCADE,
                        name TEXT NOT NULL, liveVersion INTEGER,
                        PRIMARY KEY (environment, name)) STRICT, WITHOUT ROWID;

                    CREATE TABLE version (
                        environment TEXT NOT NULL, service TEXT NOT NULL, number INTEGER NOT NULL,
                        manifest TEXT NOT NULL, packageDigest TEXT NOT NULL, packageSize INTEGER NOT NULL,
                        uploadedAt REAL NOT NULL,
                        PRIMARY KEY (environment, service, number),
                        FOREIGN KEY (environment, service) REFERENCES service (environment, name) ON DELETE CASCADE
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE history (
                        id INTEGER PRIMARY KEY, environment TEXT NOT NULL, service TEXT NOT NULL,
                        version INTEGER NOT NULL, liveSince REAL NOT NULL,
                        FOREIGN KEY (environment, service) REFERENCES service (environment, name) ON DELETE CASCADE) STRICT;
                    CREATE INDEX historyOfService ON history (environment, service, id);
                    """)
        }
        return migrator
    }

    static func reserved(_ id: ServiceID, in database: Database) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT version FROM reserved WHERE environment = ? AND service = ?",
            arguments: [id.environment.rawValue, id.service.rawValue]) ?? 0
    }

    static func row(of id: ServiceID, in database: Database) throws -> Row? {
        try Row.fetchOne(
            database, sql: "SELECT * FROM service WHERE environment = ? AND name = ?",
            arguments: [id.environment.rawValue, id.service.rawValue])
    }

    static func hasVersion(_ version: Int, of id: ServiceID, in database: Database) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM version WHERE environment = ? AND service = ? AND number = ?)",
            arguments: [id.environment.rawValue, id.service.rawValue, version]) ?? false
    }

    static func insert(_ version: VersionRecord, of id: ServiceID, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO version (environment, service, number, manifest, packageDigest, packageSize, uploadedAt)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                id.environment.rawValue, id.service.rawValue, version.number, version.manifest.json.json(),
                version.packageDigest, version.packageSize, version.uploadedAt,
            ])
    }

    static func service(_ id: ServiceID, in database: Database) throws -> ServiceRecord? {
        guard let row = try row(of: id, in: database) else { return nil }
        let versions = try Row.fetchAll(
            database, sql: "SELECT * FROM version WHERE environment = ? AND service = ? ORDER BY number",
            arguments: [id.environment.rawValue, id.service.rawValue])
        return try ServiceRecord(
            id: id, liveVersion: row["liveVersion"], versions: versions.map { try version($0, of: id) })
    }

    static func services(in database: Database) throws -> [ServiceRecord] {
        var records = try Row.fetchAll(database, sql: "SELECT * FROM service ORDER BY environment, name").map { row in
            try ServiceRecord(
                id: id(environment: row["environment"], service: row["name"]), liveVersion: row["liveVersion"],
                versions: [])
        }
        // Both lists have the same order, so one walk along both joins them.
        var index = records.startIndex
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM version ORDER BY environment, service, number")
        while let row = try rows.next() {
            let id = try id(environment: row["environment"], service: row["service"])
            while index < records.endIndex, records[index].id != id { index += 1 }
            guard index < records.endIndex else { break }
            records[index].versions.append(try version(row, of: id))
        }
        return records
    }

    private static func id(environment: String, service: String) throws -> ServiceID {
        ServiceID(environment: try EnvironmentName(environment), service: try ServiceName(service))
    }

    private static func version(_ row: Row, of id: ServiceID) throws -> VersionRecord {
        let number: Int = row["number"]
        let text: String = row["manifest"]
        do {
            return VersionRecord(
                number: number, manifest: try Manifest.parse(Array(text.utf8)).manifest,
                packageDigest: row["packageDigest"], packageSize: row["packageSize"], uploadedAt: row["uploadedAt"])
        } catch {
            throw RuntimeError(
                .catalog, "the catalog's manifest of \(id), version \(number), is malformed", cause: error)
        }
    }
}
