import LeverCore
import LeverRuntime

/// A store in a directory of its own.
struct TestStore {
    let directory: DataDirectory
    let catalog: any Catalog
    let store: PackageStore
    var path: String { directory.path }

    init(_ path: String, catalog: any Catalog = InMemoryCatalog(), limits: PackageLimits = .defaults) throws {
        directory = try DataDirectory(path)
        self.catalog = catalog
        store = try PackageStore(directory: directory, catalog: catalog, limits: limits)
    }

    /// Runs `body` with a store that goes afterwards.
    static func with<Result>(
        limits: PackageLimits = .defaults, _ body: (TestStore) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryDirectory { directory in
            let store = try TestStore("\(directory)/data", limits: limits)
            defer { store.directory.close() }
            return try await body(store)
        }
    }

    func upload(_ bytes: [UInt8], pieces: Int = 32 * 1024) async throws -> UploadedPackage {
        let upload = try await store.beginUpload()
        var rest = bytes[...]
        while !rest.isEmpty {
            try await upload.append(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
        }
        return try await upload.finish()
    }

    func unpack(_ bytes: [UInt8]) async throws -> UnpackedPackage {
        try await store.unpack(upload(bytes))
    }

    /// Adds a package as the next version of the service that its manifest names.
    @discardableResult
    func add(_ bytes: [UInt8], live: Bool = true) async throws -> (id: ServiceID, version: Int) {
        let unpacked = try await unpack(bytes)
        let id = ServiceID(environment: .default, service: unpacked.manifest.name)
        let version = try await store.add(unpacked, to: id).number
        if live { try await catalog.setLive(version, of: id) }
        return (id, version)
    }

    /// A package that unpacks to one file beside the manifest.
    static func package(_ content: String, name: String = "hello") -> [UInt8] {
        var tar = TarBuilder()
        tar.addManifest(name: name)
        tar.add("main.js", content: Array(content.utf8))
        return tar.packed()
    }

    /// Everything that lies in the folders, without the trees' own content.
    var leftovers: [String] {
        TestFiles.names(directory.uploads) + TestFiles.names(directory.code) + TestFiles.names(directory.packages)
    }
}
