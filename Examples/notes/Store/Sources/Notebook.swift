import GRDB
import LeverCore
import LeverService

struct Note: Codable, Sendable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "note"
    var id: Int
    var text: String
}

/// A user's notes: those in memory are those on the disk, since nobody else writes them.
actor Notebook {
    private(set) var notes: [Note]
    private let user: String
    private let epoch: UInt64
    private let database: DatabasePool

    /// Opens the database, and makes its tables where there are none.
    static func open(_ path: String) throws -> DatabasePool {
        let database = try DatabasePool(path: path)
        try database.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS user (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, last INTEGER NOT NULL);
                    CREATE TABLE IF NOT EXISTS note (user TEXT, id INTEGER, text TEXT, PRIMARY KEY (user, id));
                    """)
        }
        return database
    }

    /// Reads a user's notes, and shuts out whoever wrote them before.
    init(of user: String, epoch: UInt64, in database: DatabasePool) async throws {
        self.user = user
        self.epoch = epoch
        self.database = database
        notes = try await database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO user VALUES (?, ?, 0) ON CONFLICT (name) DO UPDATE SET epoch = max(epoch, excluded.epoch)
                    """, arguments: [user, Int64(epoch)])
            return try Note.fetchAll(
                database, sql: "SELECT id, text FROM note WHERE user = ? ORDER BY id", arguments: [user])
        }
    }

    /// - Returns: the note's id.
    func add(_ text: String) async throws -> Int {
        let id = try await write { database, user in
            try database.execute(sql: "UPDATE user SET last = last + 1 WHERE name = ?", arguments: [user])
            let id = try Int.fetchOne(database, sql: "SELECT last FROM user WHERE name = ?", arguments: [user]) ?? 0
            try database.execute(sql: "INSERT INTO note VALUES (?, ?, ?)", arguments: [user, id, text])
            return id
        }
        notes.append(Note(id: id, text: text))
        return id
    }

    func remove(_ id: Int) async throws {
        guard notes.contains(where: { $0.id == id }) else {
            throw ServiceError(["code": "no-note", "id": .number(Double(id))])
        }
        try await write { database, user in
            try database.execute(sql: "DELETE FROM note WHERE user = ? AND id = ?", arguments: [user, id])
        }
        notes.removeAll { $0.id == id }
    }

    /// Writes, unless a later activation has taken over: an instance that was cut off does not know that.
    private func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database, String) throws -> Result
    ) async throws -> Result {
        let (user, epoch) = (user, epoch)
        return try await database.write { database in
            let last =
                try Int64.fetchOne(database, sql: "SELECT epoch FROM user WHERE name = ?", arguments: [user]) ?? 0
            guard last <= Int64(epoch) else {
                throw RPCError(code: .unavailable, message: "the notes of \(user) have moved to another instance")
            }
            return try body(database, user)
        }
    }
}
