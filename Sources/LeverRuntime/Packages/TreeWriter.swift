import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes the entries of an archive into a new directory, which nothing can leave.
///
/// Names are relative, without `..`, and appear once (directories may be named again). Symbolic links have to stay inside, however
/// they combine, and are made last of all: while files are written there is no link in the tree that could lead them
/// elsewhere. Hard links may name files that came before them. Of the modes the permissions to read and to execute are
/// kept, those to write are not: what was deployed does not change.
struct TreeWriter: ~Copyable {
    private enum Node { case file, directory, link }

    /// With more entries than this the whole system is synchronised first: one wait, also for what others wrote, costs less than
    /// thousands of commits of the file system's journal.
    private static let fileSyncLimit = 32

    private let path: String
    private let limits: PackageLimits
    private let root: Int32
    private var nodes: [[UInt8]: Node] = [:]
    private var directoryModes: [[UInt8]: mode_t] = [:]
    private var links = LinkGraph()
    private var files: [[UInt8]] = []

    /// Starts with a directory that exists and is empty.
    init(path: String, limits: PackageLimits) throws {
        root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard root >= 0 else { throw FileSystem.failure("open", path) }
        self.path = path
        self.limits = limits
    }

    deinit { close(root) }

    /// Takes one entry; `content` gives the pieces of a file's content, one for each call, and says whether there was one.
    ///
    /// - Throws: `RuntimeError` with the code `package`, naming the entry, where it is refused.
    mutating func add(
        _ entry: TarReader.Entry, content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Bool
    ) throws {
        let name = try parts(of: entry.name, in: entry)
        guard !name.isEmpty else {
            // "./" is the tree itself.
            guard entry.kind == .directory else { throw refusal(entry, "has no name") }
            return
        }
        try makeParents(of: name, for: entry)
        let key = Self.join(name)
        if nodes[key] == .directory, entry.kind == .directory {
            directoryModes[key] = Self.directoryMode(entry.mode)
            return
        }
        guard nodes[key] == nil else { throw refusal(entry, "appears twice") }
        switch entry.kind {
        case .directory:
            try makeDirectory(key, for: entry)
            directoryModes[key] = Self.directoryMode(entry.mode)
        case .file:
            try note(key, .file, for: entry)
            files.append(key)
            try write(key, entry, content)
        case .symbolicLink(let target):
            guard !target.isEmpty, target.utf8.count <= limits.nameBytes else {
                throw refusal(entry, "is a link whose target is empty or too long")
            }
            try note(key, .link, for: entry)
            links.add(key, target: target)
        case .hardLink(let target):
            let source = Self.join(try parts(of: target, in: entry))
            guard nodes[source] == .file else {
                throw refusal(
                    entry, "is a hard link to \"\(target.prefix(200))\", which is no file of the archive before it")
            }
            try note(key, .file, for: entry)
            guard Self.text(source, { source in Self.text(key) { linkat(root, source, root, $0, 0) } }) == 0 else {
                throw failure("link", key)
            }
        }
    }

    /// Makes the links, drops the permissions to write, and puts everything on the disk. The root keeps its mode, since a directory
    /// without it cannot be moved.
    mutating func finish() throws {
        for (key, target) in links.links.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            if let problem = links.problem(at: key) {
                let name = String(decoding: key, as: UTF8.self)
                throw RuntimeError(
                    .package, "the archive's entry \"\(name)\" is a link to \"\(target.prefix(200))\", which \(problem)"
                )
            }
            guard Self.text(key, { symlinkat(target, root, $0) }) == 0 else { throw failure("link", key) }
        }
        // The deepest first, while the ones above may still be entered; a longer name is never above a shorter one.
        let directories = nodes.filter { $0.value == .directory }.keys.sorted { $0.count > $1.count }
        for key in directories {
            let mode = directoryModes[key] ?? 0o555
            guard Self.text(key, { fchmodat(root, $0, mode, 0) }) == 0 else { throw failure("change the mode of", key) }
        }
        try synchronize(directories)
    }

    private func synchronize(_ directories: [[UInt8]]) throws {
        // Then there is hardly anything left to write below, where each file's own errors are told.
        if nodes.count > Self.fileSyncLimit { sync() }
        for key in files + directories {
            let descriptor = Self.text(key) { openat(root, $0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
            guard descriptor >= 0 else { throw failure("open", key) }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw failure("synchronize", key) }
        }
        guard fsync(root) == 0 else { throw FileSystem.failure("synchronize", path) }
    }

    // MARK: Names

    /// The parts of a name; empty ones and `.` are passed over.
    private func parts(of name: String, in entry: TarReader.Entry) throws -> [ArraySlice<UInt8>] {
        let bytes = Array(name.utf8)
        guard bytes.count <= limits.nameBytes else {
            throw refusal(entry, "has a name of more than \(limits.nameBytes) bytes")
        }
        guard bytes.first != UInt8(ascii: "/") else { throw refusal(entry, "has an absolute name") }
        let parts = bytes.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        for part in parts {
            guard !part.elementsEqual("..".utf8) else { throw refusal(entry, "has \"..\" in its name") }
            guard part.count <= 255 else { throw refusal(entry, "has a part of more than 255 bytes in its name") }
        }
        guard parts.count <= limits.depth else {
            throw refusal(entry, "lies more than \(limits.depth) directories deep")
        }
        return parts
    }

    private static func join(_ parts: some Sequence<ArraySlice<UInt8>>) -> [UInt8] {
        Array(parts.joined(separator: [UInt8(ascii: "/")]))
    }

    private mutating func makeParents(of name: [ArraySlice<UInt8>], for entry: TarReader.Entry) throws {
        for count in 1..<max(name.count, 1) {
            let key = Self.join(name.prefix(count))
            switch nodes[key] {
            case .directory: continue
            case nil: try makeDirectory(key, for: entry)
            case .file, .link:
                throw refusal(entry, "lies in \"\(String(decoding: key, as: UTF8.self))\", which is no directory")
            }
        }
    }

    private mutating func makeDirectory(_ key: [UInt8], for entry: TarReader.Entry) throws {
        try note(key, .directory, for: entry)
        guard Self.text(key, { mkdirat(root, $0, 0o700) }) == 0 else { throw failure("make", key) }
    }

    private mutating func note(_ key: [UInt8], _ node: Node, for entry: TarReader.Entry) throws {
        guard nodes.count < limits.entries else {
            throw RuntimeError(.package, "the package has more than \(limits.entries) entries, the limit")
        }
        nodes[key] = node
    }

    // MARK: Files

    private func write(
        _ key: [UInt8], _ entry: TarReader.Entry, _ content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Bool
    ) throws {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let descriptor = Self.text(key) { openat(root, $0, flags, 0o600) }
        guard descriptor >= 0 else { throw failure("make", key) }
        defer { close(descriptor) }
        while try content({ bytes in try writeAll(bytes, to: descriptor, key) }) {}
        guard fchmod(descriptor, mode_t(entry.mode & 0o555) | 0o400) == 0 else {
            throw failure("change the mode of", key)
        }
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ key: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = writeFile(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", key) }
            written += count
        }
    }

    private static func directoryMode(_ mode: Int) -> mode_t { mode_t(mode & 0o555) | 0o500 }

    private static func text<Result>(_ key: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        String(decoding: key, as: UTF8.self).withCString(body)
    }

    private func failure(_ action: String, _ key: [UInt8]) -> RuntimeError {
        FileSystem.failure(action, "\(path)/\(String(decoding: key, as: UTF8.self))")
    }

    private func refusal(_ entry: TarReader.Entry, _ what: String) -> RuntimeError {
        RuntimeError(.package, "the archive's entry \"\(entry.name.prefix(200))\" \(what)")
    }
}

/// The system's `write`, which a method's name hides within the type.
private func writeFile(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
