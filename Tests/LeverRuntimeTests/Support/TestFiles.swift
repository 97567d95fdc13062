#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Files of tests, and programs that make them.
enum TestFiles {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw Failure(description: "cannot read \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&part, 1, part.count, file)
            guard count > 0 else { return bytes }
            bytes += part[..<count]
        }
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "wb") else { throw Failure(description: "cannot write \(path)") }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw Failure(description: "short write") }
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// The permission bits of a file, links not followed.
    static func mode(_ path: String) -> UInt32? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return UInt32(status.st_mode) & 0o7777
    }

    /// The sorted names in a directory.
    static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Runs a shell script in a directory and waits for it.
    static func shell(_ script: String, in directory: String) throws {
        var id = pid_t()
        let words = ["sh", "-ec", "cd '\(directory)'\n\(script)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/local/bin:/usr/bin:/bin"), nil]
        defer { for text in arguments + environment { free(text) } }
        guard posix_spawn(&id, "/bin/sh", nil, nil, &arguments, &environment) == 0 else {
            throw Failure(description: "no shell")
        }
        var status: Int32 = 0
        while waitpid(id, &status, 0) == -1, errno == EINTR {}
        guard status == 0 else { throw Failure(description: "status \(status) from: \(script)") }
    }
}

/// Runs `body` with a new directory, which goes afterwards.
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    var template = Array("/tmp/lever-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFiles.Failure(description: "no temporary directory") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? TestFiles.shell("chmod -R u+rwx '\(path)'; rm -rf '\(path)'", in: "/") }
    return try await body(path)
}
