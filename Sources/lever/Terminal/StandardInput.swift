internal import Dispatch
internal import LeverCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Standard input, read as somebody asks for it, on a thread that may block. One task reads.
final class StandardInput {
    private var rest: ArraySlice<UInt8> = []
    private var isAtEnd = false

    /// What is there, at most 32 KiB; `nil` at the end. An error of reading counts as the end.
    func chunk() async -> [UInt8]? {
        await Self.read()
    }

    /// The next line without its line break; `nil` at the end.
    func line() async -> [UInt8]? {
        var searched = rest.startIndex
        while true {
            if let end = rest[searched...].firstIndex(of: 0x0A) {
                defer { rest = rest[(end + 1)...] }
                return Array(rest[..<end])
            }
            searched = rest.endIndex
            guard !isAtEnd, let more = await Self.read() else {
                isAtEnd = true
                defer { rest = [] }
                return rest.isEmpty ? nil : Array(rest)
            }
            rest += more
        }
    }

    /// Everything up to the end.
    func readAll() async -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = await Self.read() { bytes += more }
        return bytes
    }

    private static func read() async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let bytes = [UInt8](unsafeUninitializedCapacity: 32 * 1024) { buffer, count in
                    var result: Int
                    repeat {
                        result = systemRead(0, buffer.baseAddress!, buffer.count)
                    } while result < 0 && errno == EINTR
                    count = max(0, result)
                }
                continuation.resume(returning: bytes.isEmpty ? nil : bytes)
            }
        }
    }
}

/// `read` of the system, which the method of that name hides.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
