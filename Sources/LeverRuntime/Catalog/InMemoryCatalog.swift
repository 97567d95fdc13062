public import LeverCore
import Synchronization

/// A catalog that lives as long as its process: for tests, and for hosts that are embedded in a program.
///
/// It keeps the contract of `Catalog` but for surviving the process.
public final class InMemoryCatalog: Catalog {
    private struct Service {
        var liveVersion: Int?
        var versions: [VersionRecord] = []
        var history: [HistoryEntry] = []
    }

    private struct State {
        var term = 0
        var environments: Set<EnvironmentName> = [.default]
        var services: [ServiceID: Service] = [:]
        /// The highest number that each service ever reserved; it outlives the service.
        var reserved: [ServiceID: Int] = [:]
    }

    private let state = Mutex(State())
    private let clock: @Sendable () -> Double

    /// Makes an empty catalog.
    ///
    /// - Parameter clock: the time for the history, in seconds since 1970; the system's clock where there is none.
    public init(clock: (@Sendable () -> Double)? = nil) {
        self.clock = clock ?? CatalogRules.secondsSince1970
    }

    /// Raises the term by one; see `Catalog.raiseTerm()`.
    public func raiseTerm() async throws -> Int {
        try state.withLock { state in
            state.term = try CatalogRules.next(term: state.term)
            return state.term
        }
    }

    /// All environments, sorted by name.
    public func environments() async throws -> [EnvironmentName] {
        state.withLock { $0.environments.sorted { CatalogRules.precedes($0.rawValue, $1.rawValue) } }
    }

    /// Makes an environment exist; `false` where it did already.
    @discardableResult
    public func addEnvironment(_ name: EnvironmentName) async throws -> Bool {
        state.withLock { $0.environments.insert(name).inserted }
    }

    /// Removes an environment; see `Catalog.removeEnvironment(_:force:)`.
    public func removeEnvironment(_ name: EnvironmentName, force: Bool) async throws {
        try state.withLock { state in
            let services = state.services.keys.filter { $0.environment == name }
            try CatalogRules.checkRemoval(
                of: name, exists: state.environments.contains(name), services: services.count, force: force)
            for id in services { state.services[id] = nil }
            state.environments.remove(name)
        }
    }

    /// All services, sorted by environment and name.
    public func services() async throws -> [ServiceRecord] {
        state.withLock { state in
            state.services.map { Self.record($0, $1) }.sorted { left, right in
                left.id.environment == right.id.environment
                    ? CatalogRules.precedes(left.id.service.rawValue, right.id.service.rawValue)
                    : CatalogRules.precedes(left.id.environment.rawValue, right.id.environment.rawValue)
            }
        }
    }

    /// One service; `nil` where there is none.
    public func service(_ id: ServiceID) async throws -> ServiceRecord? {
        state.withLock { state in state.services[id].map { Self.record(id, $0) } }
    }

    private static func record(_ id: ServiceID, _ service: Service) -> ServiceRecord {
        ServiceRecord(id: id, liveVersion: service.liveVersion, versions: service.versions)
    }

    /// Takes the next version number of a service for ever.
    public func reserveVersion(_ id: ServiceID) async throws -> Int {
        state.withLock { state in
            state.reserved[id, default: 0] += 1
            return state.reserved[id, default: 0]
        }
    }

    /// Adds a version whose number was reserved; see `Catalog.addVersion(_:to:)`.
    public func addVersion(_ version: VersionRecord, to id: ServiceID) async throws {
        try state.withLock { state in
            var service = state.services[id] ?? Service()
            try CatalogRules.checkAddition(
                of: version.number, to: id, reserved: state.reserved[id, default: 0],
                exists: service.versions.contains { $0.number == version.number })
            // Deployments overlap, so a lower number may be added after a higher one.
            let place = service.versions.firstIndex { $0.number > version.number } ?? service.versions.endIndex
            service.versions.insert(version, at: place)
            state.services[id] = service
            state.environments.insert(id.environment)
        }
    }

    /// Makes a version live; see `Catalog.setLive(_:of:)`.
    public func setLive(_ version: Int, of id: ServiceID) async throws {
        let now = clock()
        try state.withLock { state in
            guard var service = state.services[id] else { throw CatalogRules.noService(id) }
            guard service.versions.contains(where: { $0.number == version }) else {
                throw CatalogRules.noVersion(version, of: id)
            }
            guard service.liveVersion != version else { return }
            service.liveVersion = version
            service.history.append(HistoryEntry(version: version, liveSince: now))
            state.services[id] = service
        }
    }

    /// Removes versions that are not live; see `Catalog.removeVersions(_:of:)`.
    public func removeVersions(_ versions: [Int], of id: ServiceID) async throws {
        try state.withLock { state in
            guard var service = state.services[id] else { return }
            try CatalogRules.checkRemoval(of: versions, from: id, live: service.liveVersion)
            service.versions.removeAll { versions.contains($0.number) }
            state.services[id] = service.versions.isEmpty ? nil : service
        }
    }

    /// Removes a service with all its versions; see `Catalog.removeService(_:)`.
    public func removeService(_ id: ServiceID) async throws {
        try state.withLock { state in
            guard state.services.removeValue(forKey: id) != nil else { throw CatalogRules.noService(id) }
        }
    }

    /// When which version became live, newest first.
    public func history(of id: ServiceID, limit: Int) async throws -> [HistoryEntry] {
        state.withLock { state in Array((state.services[id]?.history ?? []).reversed().prefix(max(limit, 0))) }
    }
}
