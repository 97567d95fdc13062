package import LeverCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A service's directory as it is on disk: what of it goes into a package. Its functions block on the file system.
package struct ServiceDirectory: Sendable {
    /// The directory.
    let path: String
    /// Everything that goes into the package; a directory stands before its contents, names are in the order of their bytes.
    let entries: [PackageEntry]

    /// The bytes of all files.
    var size: Int { entries.reduce(0) { $0 + $1.size } }

    /// Walks through a directory.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - files: The files and directories in it that are packed beside `lever.json`; `nil` for everything.
    /// - Throws: `RuntimeError` that names what is missing, unreadable or impossible to pack.
    init(_ path: String, files: [String]? = nil) throws(RuntimeError) {
        try Self.check(path)
        var walk = Walk(root: path, rules: try Self.rules(in: path))
        if let files {
            try walk.add(files)
        } else {
            try walk.add(contentsOf: "")
        }
        self.path = path
        entries = walk.entries
    }

    /// The manifest of the service in a directory: its mistakes need no upload.
    ///
    /// - Throws: `RuntimeError` where there is none, or it is malformed.
    package static func manifest(in path: String) throws(RuntimeError) -> Manifest {
        try check(path)
        let bytes = try read(path + "/lever.json", limit: Manifest.maximumLength)
        do throws(RuntimeError) {
            return try Manifest.parse(bytes).manifest
        } catch {
            throw RuntimeError(.invalidInput, "\(path): \(error)")
        }
    }

    private static func check(_ path: String) throws(RuntimeError) {
        guard try status(of: path).isDirectory else {
            throw RuntimeError(.invalidInput, "\(path) is no directory")
        }
        guard access(path + "/lever.json", F_OK) == 0 else {
            throw RuntimeError(
                .invalidInput,
                "\(path) has no lever.json: a service is a directory with one, for example {\"name\": \"hello\", \"jsEntry\": \"server.js\"}"
            )
        }
    }

    private static func rules(in path: String) throws(RuntimeError) -> IgnoreRules {
        let file = path + "/.leverignore"
        guard access(file, F_OK) == 0 else { return IgnoreRules() }
        return IgnoreRules(String(decoding: try read(file, limit: 1 << 20), as: UTF8.self))
    }

    /// The whole of a small file.
    ///
    /// - Throws: `RuntimeError` where it cannot be read or is longer than `limit` bytes.
    static func read(_ path: String, limit: Int) throws(RuntimeError) -> [UInt8] {
        let file = try OpenFile(path)
        var bytes: [UInt8] = []
        while true {
            let more = try file.read(64 * 1024)
            if more.isEmpty { return bytes }
            bytes += more
            guard bytes.count <= limit else {
                throw RuntimeError(.invalidInput, "\(path) is longer than \(limit) bytes")
            }
        }
    }

    private static func status(of path: String) throws(RuntimeError) -> stat {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw RuntimeError(.invalidInput, path, errno) }
        guard status.isLink, path.utf8.last != UInt8(ascii: "/") else { return status }
        guard stat(path, &status) == 0 else { throw RuntimeError(.invalidInput, path, errno) }
        return status
    }

    /// The way through a directory.
    private struct Walk {
        let root: String
        let rules: IgnoreRules
        var entries: [PackageEntry] = []

        /// Adds what a manifest names, and the manifest. A name may lead through links, which a build makes: what is packed
        /// is the file or directory itself, at the place that was named.
        mutating func add(_ files: [String]) throws(RuntimeError) {
            var added: Set<String> = []
            for file in ["lever.json"] + files {
                let names = file.split(separator: "/").filter { $0 != "." }
                for count in 1...names.count {
                    let path = names[..<count].joined(separator: "/")
                    guard added.insert(path).inserted else { continue }
                    var status = stat()
                    guard stat(root + "/" + path, &status) == 0 else { throw missing(file) }
                    let mode = UInt32(status.st_mode) & 0o777
                    guard status.isDirectory else {
                        guard status.isRegular else { throw unpackable(path) }
                        entries.append(
                            PackageEntry(
                                path: path, kind: .file(size: Int(status.st_size)), mode: mode,
                                modified: status.modified))
                        continue
                    }
                    entries.append(
                        PackageEntry(path: path, kind: .directory, mode: mode, modified: status.modified))
                    if count == names.count { try add(contentsOf: path) }
                }
            }
            var unique: [String: PackageEntry] = [:]
            for entry in entries { unique[entry.path] = entry }
            // A directory's path is the beginning of those in it.
            entries = unique.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        }

        private func missing(_ file: String) -> RuntimeError {
            let reason = String(cString: strerror(errno))
            return RuntimeError(
                .package,
                "\(root)/\(file), which \"files\" of lever.json names: \(reason); what a build makes is there after lever deploy has run \"build\""
            )
        }

        private func unpackable(_ path: String) -> RuntimeError {
            RuntimeError(
                .package, "\(root)/\(path) is neither a file nor a directory nor a link: leave it out with .leverignore"
            )
        }

        mutating func add(contentsOf directory: String) throws(RuntimeError) {
            for name in try names(in: directory) where name != ".git" {
                let path = directory.isEmpty ? name : directory + "/" + name
                var status = stat()
                guard lstat(root + "/" + path, &status) == 0 else {
                    throw RuntimeError(.package, root + "/" + path, errno)
                }
                let isManifest = path == "lever.json"
                if !isManifest, rules.ignore(path, isDirectory: status.isDirectory) { continue }
                var entry = PackageEntry(
                    path: path, kind: .directory, mode: UInt32(status.st_mode) & 0o777, modified: status.modified)
                if status.isDirectory {
                    entries.append(entry)
                    try add(contentsOf: path)
                } else if status.isLink {
                    entry.kind = .link(target: try target(of: path))
                    entry.mode = 0o777
                    entries.append(entry)
                } else if status.isRegular {
                    entry.kind = .file(size: Int(status.st_size))
                    entries.append(entry)
                } else {
                    throw unpackable(path)
                }
            }
        }

        private func names(in directory: String) throws(RuntimeError) -> [String] {
            let path = directory.isEmpty ? root : root + "/" + directory
            guard let stream = opendir(path) else { throw RuntimeError(.package, path, errno) }
            defer { closedir(stream) }
            var names: [String] = []
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                    field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) {
                        String(validatingCString: $0)
                    }
                }
                guard let name else {
                    throw RuntimeError(.package, "\(path) holds a name that is not UTF-8")
                }
                if name != ".", name != ".." { names.append(name) }
            }
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }

        /// Where a link points to, which must be inside the directory.
        private func target(of path: String) throws(RuntimeError) -> String {
            let full = root + "/" + path
            var buffer = [UInt8](repeating: 0, count: 4097)
            let count = buffer.withUnsafeMutableBytes { buffer in
                readlink(full, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
            }
            guard count >= 0 else { throw RuntimeError(.package, full, errno) }
            let target = String(decoding: buffer[..<count], as: UTF8.self)
            guard Self.isInside(target, from: path) else {
                throw RuntimeError(
                    .package,
                    "\(full) is a link to \(target), outside of the service's directory: put a copy in its place, or leave it out with .leverignore"
                )
            }
            return target
        }

        /// Whether a link's target stays within the root, step by step.
        static func isInside(_ target: String, from path: String) -> Bool {
            guard !target.isEmpty, !target.hasPrefix("/") else { return false }
            var depth = path.utf8.count { $0 == UInt8(ascii: "/") }
            for name in target.split(separator: "/") where name != "." {
                depth += name == ".." ? -1 : 1
                if depth < 0 { return false }
            }
            return true
        }
    }
}

extension stat {
    fileprivate var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    fileprivate var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
    fileprivate var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
    /// Seconds since 1970.
    fileprivate var modified: Int {
        #if canImport(Darwin)
        Int(st_mtimespec.tv_sec)
        #else
        Int(st_mtim.tv_sec)
        #endif
    }
}
