internal import LeverCore
internal import Synchronization

/// A service's directory as a `tar.gz`, made piece by piece as somebody asks for it, so that neither the archive nor a file is
/// ever whole in memory. Its functions block on the file system.
final class ServicePackage: Sendable {
    /// A piece of the archive.
    struct Chunk: Sendable {
        var bytes: [UInt8]
        /// The bytes of the directory's files that have been packed so far.
        var packed: Int
    }

    /// The longest chunk in bytes: hosts of the old system take no longer messages.
    static let chunkSize = 32 * 1024
    /// The largest archive that hosts take, in bytes.
    static let maximumSize = 30 * 1024 * 1024

    /// What is packed.
    let directory: ServiceDirectory
    private let limit: Int
    private let state: Mutex<State>

    /// Starts to pack a directory.
    ///
    /// - Throws: `RuntimeError` where zlib cannot be used.
    init(_ directory: ServiceDirectory, limit: Int = ServicePackage.maximumSize) throws(RuntimeError) {
        self.directory = directory
        self.limit = limit
        state = Mutex(State(try GzipStream()))
    }

    /// The next piece; `nil` after the last.
    ///
    /// - Throws: `RuntimeError` where a file cannot be read or has changed meanwhile, or the archive becomes too large.
    func next() throws(RuntimeError) -> Chunk? {
        try state.withLock { state throws(RuntimeError) in
            while state.output.count < Self.chunkSize, !state.isFinished {
                try state.step(through: directory)
            }
            guard !state.output.isEmpty else { return nil }
            let bytes = Array(state.output.prefix(Self.chunkSize))
            state.output.removeFirst(bytes.count)
            state.sent += bytes.count
            guard state.sent <= limit else { throw tooLarge }
            return Chunk(bytes: bytes, packed: state.packed)
        }
    }

    private var tooLarge: RuntimeError {
        var sizes: [Substring: Int] = [:]
        for entry in directory.entries {
            sizes[entry.path.prefix { $0 != "/" }, default: 0] += entry.size
        }
        let largest = sizes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3)
        let names = largest.map { "\($0.key) (\($0.value / 1_000_000) MB)" }.joined(separator: ", ")
        return RuntimeError(
            .package,
            "\(directory.path) packs to more than \(limit >> 20) MiB, the most that a host takes. Leave out with .leverignore what the service does not need; the largest are \(names)"
        )
    }

    /// How far the archive has been written.
    private struct State: ~Copyable {
        let gzip: GzipStream
        var output: [UInt8] = []
        var sent = 0
        var packed = 0
        var isFinished = false
        private var index = 0
        /// The file that is being read, whose header has been written, and the bytes of it that are left.
        private var file: OpenFile?
        private var left = 0

        init(_ gzip: GzipStream) {
            self.gzip = gzip
        }

        /// Packs one header, one piece of a file, or the end.
        mutating func step(through directory: ServiceDirectory) throws(RuntimeError) {
            if left > 0 {
                try readFile(in: directory)
            } else if index < directory.entries.count {
                let entry = directory.entries[index]
                if case .file(let size) = entry.kind, size > 0 {
                    file = try OpenFile(directory.path + "/" + entry.path)
                    left = size
                } else {
                    index += 1
                }
                try gzip.write(TarHeader.bytes(of: entry)[...], to: &output)
            } else {
                try gzip.write(TarHeader.end[...], to: &output)
                try gzip.finish(to: &output)
                isFinished = true
            }
        }

        private mutating func readFile(in directory: ServiceDirectory) throws(RuntimeError) {
            let entry = directory.entries[index]
            let bytes = try file?.read(min(left, 64 * 1024)) ?? []
            guard !bytes.isEmpty else {
                throw RuntimeError(
                    .package, "\(directory.path)/\(entry.path) became shorter while it was being packed: try again")
            }
            left -= bytes.count
            packed += bytes.count
            try gzip.write(bytes[...], to: &output)
            if left == 0 {
                try gzip.write(TarHeader.padding(after: entry.size)[...], to: &output)
                file = nil
                index += 1
            }
        }
    }
}
