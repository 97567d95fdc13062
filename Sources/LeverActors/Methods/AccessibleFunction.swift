internal import CDistributed

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A distributed method that is in the program, as Swift's runtime knows it.
struct AccessibleFunction: Sendable {
    /// What executes it: its mangled name.
    var identifier: String
    /// For example `chat.Room.say(_: Swift.String) async throws -> Swift.Int`.
    var text: String
    /// Whether executing it needs types.
    var isGeneric: Bool

    /// All of the program and of the libraries that were loaded with it.
    static let all: [AccessibleFunction] = {
        var names: [(String, Bool)] = []
        withUnsafeMutablePointer(to: &names) { names in
            lever_each_accessible_function(
                { name, isGeneric, names in
                    names?.assumingMemoryBound(to: [(String, Bool)].self).pointee
                        .append((String(cString: name), isGeneric))
                }, names)
        }
        return names.compactMap { name, isGeneric in
            demangled(name).map { AccessibleFunction(identifier: name, text: $0, isGeneric: isGeneric) }
        }
    }()

    /// The readable form of a mangled name, without what is said before the name.
    private static func demangled(_ name: String) -> String? {
        guard let bytes = lever_demangled(name) else { return nil }
        defer { free(bytes) }
        var text = String(cString: bytes)[...]
        for prefix in ["distributed thunk ", "(extension in "] where text.hasPrefix(prefix) {
            text = text.dropFirst(prefix.count)
            // The module of an extension.
            if prefix.hasPrefix("("), let end = text.firstRange(of: "):") { text = text[end.upperBound...] }
        }
        return String(text)
    }
}
