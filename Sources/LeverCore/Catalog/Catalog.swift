/// The host's memory of what is deployed: environments, services, their versions, which one is live, and the term.
///
/// Each method is one transaction: when it returns, its effect survives any crash; when it throws, nothing has changed.
/// A version is added first (it exists but nothing calls it), made live once an instance of it is ready, and removed
/// where that does not happen. Version numbers count from 1 for each service and are never used twice, even after the
/// version, the service or its environment was removed. A method takes place even where its task is cancelled, since
/// cancelled deployments have to be cleaned up. The environment ``EnvironmentName/default`` exists from the start.
public protocol Catalog: Sendable {
    /// Raises the term, which starts at 0, by one and returns it. It never reaches 2²¹.
    func raiseTerm() async throws -> Int

    /// All environments, sorted by name.
    func environments() async throws -> [EnvironmentName]

    /// Makes an environment exist; `false` where it did already.
    @discardableResult
    func addEnvironment(_ name: EnvironmentName) async throws -> Bool

    /// Removes an environment; with `force` with all services in it.
    ///
    /// - Throws: ``RPCError`` `noEnvironment` where there is none, `conflict` where services are in it and `force` is `false`,
    ///   and for the default environment.
    func removeEnvironment(_ name: EnvironmentName, force: Bool) async throws

    /// All services, sorted by environment and name.
    func services() async throws -> [ServiceRecord]

    /// One service; `nil` where there is none.
    func service(_ id: ServiceID) async throws -> ServiceRecord?

    /// Takes the next version number of a service, which need not exist yet, for ever.
    func reserveVersion(_ id: ServiceID) async throws -> Int

    /// Adds a version whose number was reserved; the service and its environment exist afterwards. It is not live.
    ///
    /// - Throws: ``RPCError`` `conflict` where the number was not reserved, or is taken.
    func addVersion(_ version: VersionRecord, to id: ServiceID) async throws

    /// Makes a version live and notes it in the service's history; has no effect where it is live already.
    ///
    /// - Throws: ``RPCError`` `noService` or `noVersion`.
    func setLive(_ version: Int, of id: ServiceID) async throws

    /// Removes versions that are not live; unknown ones are passed over. A service without versions is removed with the last.
    ///
    /// - Throws: ``RPCError`` `conflict` where one of them is live.
    func removeVersions(_ versions: [Int], of id: ServiceID) async throws

    /// Removes a service with all its versions.
    ///
    /// - Throws: ``RPCError`` `noService`.
    func removeService(_ id: ServiceID) async throws

    /// When which version became live, newest first, at most `limit` entries.
    func history(of id: ServiceID, limit: Int) async throws -> [HistoryEntry]
}

/// A service as the catalog knows it.
public struct ServiceRecord: Sendable, Hashable {
    /// Its name and environment.
    public var id: ServiceID
    /// The version that calls go to; `nil` before the first one became live.
    public var liveVersion: Int?
    /// Its versions, oldest first.
    public var versions: [VersionRecord]

    /// Makes a record of its parts.
    public init(id: ServiceID, liveVersion: Int?, versions: [VersionRecord]) {
        self.id = id
        self.liveVersion = liveVersion
        self.versions = versions
    }
}

/// One upload of a service.
public struct VersionRecord: Sendable, Hashable {
    /// Its number.
    public var number: Int
    /// Its manifest.
    public var manifest: Manifest
    /// The SHA-256 of the uploaded package, 64 hexadecimal digits.
    public var packageDigest: String
    /// The size of the uploaded package, in bytes.
    public var packageSize: Int
    /// When it was uploaded, in seconds since 1970.
    public var uploadedAt: Double

    /// Makes a record of its parts.
    public init(number: Int, manifest: Manifest, packageDigest: String, packageSize: Int, uploadedAt: Double) {
        self.number = number
        self.manifest = manifest
        self.packageDigest = packageDigest
        self.packageSize = packageSize
        self.uploadedAt = uploadedAt
    }
}

/// A version that became live.
public struct HistoryEntry: Sendable, Hashable {
    /// The version.
    public var version: Int
    /// When it became live, in seconds since 1970.
    public var liveSince: Double

    /// Makes an entry of its parts.
    public init(version: Int, liveSince: Double) {
        self.version = version
        self.liveSince = liveSince
    }
}
