internal import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A temporary folder with the code of a service.
struct CodeFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/lever-conformance-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("no temporary folder can be made: errno \(errno)") }
        let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // As the instance sees it: /tmp may be a link.
        guard let real = realpath(made, nil) else { throw TestFailure("\(made) is not there: errno \(errno)") }
        defer { free(real) }
        path = String(cString: real)
    }

    /// Puts a file into the folder.
    func write(_ name: String, _ text: String, mode: mode_t) throws {
        let file = "\(path)/\(name)"
        guard let stream = fopen(file, "w") else { throw TestFailure("\(file) cannot be written: errno \(errno)") }
        fputs(text, stream)
        fclose(stream)
        chmod(file, mode)
    }

    func remove() {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(path)/\(name)")
        }
        closedir(folder)
        rmdir(path)
    }
}
