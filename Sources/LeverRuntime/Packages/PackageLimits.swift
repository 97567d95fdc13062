import LeverCore

/// The bounds of a package, the `tar.gz` archive that a service is uploaded as.
public struct PackageLimits: Sendable, Hashable {
    /// The compressed size in bytes.
    public var packageBytes = 30 * 1024 * 1024
    /// The size of the archive within, in bytes: all files with the archive's own headers and padding.
    public var unpackedBytes = 300 * 1024 * 1024
    /// Files, directories (named or not) and links together.
    public var entries = 20_000
    /// The length of a name, in bytes of UTF-8.
    public var nameBytes = 1024
    /// How many directories may lie within each other.
    public var depth = 64
    /// The size of `lever.json` in bytes.
    public var manifestBytes = 1024 * 1024

    /// The bounds that hold where nobody says otherwise.
    public static var defaults: Self { Self() }

    /// Makes the default bounds.
    public init() {}

    /// Refuses bounds that nothing could keep.
    ///
    /// - Throws: `RuntimeError` with the code `invalidConfiguration`, naming the field.
    public func validate() throws {
        let fields = [
            ("packageBytes", packageBytes), ("unpackedBytes", unpackedBytes), ("entries", entries),
            ("nameBytes", nameBytes), ("depth", depth), ("manifestBytes", manifestBytes),
        ]
        for (name, value) in fields where value < 1 {
            throw RuntimeError(.invalidConfiguration, "package limit \(name) is \(value), but has to be at least 1")
        }
    }
}
