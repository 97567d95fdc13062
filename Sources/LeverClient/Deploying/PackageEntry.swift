/// A file, directory or link that goes into a package.
struct PackageEntry: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case directory
        /// A regular file and its length in bytes.
        case file(size: Int)
        /// A symbolic link and what it points to, relative to the directory that it is in.
        case link(target: String)
    }

    /// The path below the service's directory, names joined by `/`, without one at the end.
    var path: String
    var kind: Kind
    /// The permission bits.
    var mode: UInt32
    /// When it was last changed, in seconds since 1970.
    var modified: Int

    /// The bytes of the file; 0 for what is none.
    var size: Int { if case .file(let size) = kind { size } else { 0 } }
}
