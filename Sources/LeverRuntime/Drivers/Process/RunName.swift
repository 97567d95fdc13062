#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Names one run of one data directory: 16 digits of the directory, a dot, 16 digits of the run.
package enum RunName {
    /// The part that all runs of a data directory share; a random one where there is none.
    package static func prefix(dataDirectory: String?) -> String {
        guard let dataDirectory else { return random() + "." }
        var path = dataDirectory
        if let resolved = realpath(dataDirectory, nil) {
            path = String(cString: resolved)
            free(resolved)
        }
        // FNV-1a: enough to tell the few data directories of a machine apart.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return digits(hash) + "."
    }

    /// 16 digits that no other run has.
    package static func random() -> String { digits(UInt64.random(in: 0 ... .max)) }

    private static func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
