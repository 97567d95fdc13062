#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The living processes that have a text in their environment or command line, as seen without the driver's own code.
func processes(marked text: String) -> [Int32] {
    var found: [Int32] = []
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
        let pid = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { atoi($0) }
        }
        guard pid > 0, pid != getpid() else { continue }
        if fileContents("/proc/\(pid)/environ").contains(text), isAlive(pid) { found.append(pid) }
    }
    return found
}

/// A file as text; empty where it cannot be read.
func fileContents(_ path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        guard count > 0 else { break }
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}
