public import LeverCore
import LeverRuntime
public import Logging
import Synchronization

/// Starts instances as containers of an engine that speaks the Docker Engine API 1.41 or newer: Docker 20.10, Podman 4.
///
/// Each instance is a container of its own: with its code read-only, without rights, with bounded memory, processors, processes,
/// files and logs. It talks to the host over unix sockets in folders that are mounted into it, so that what it is follows from
/// what it has; programs that know nothing of them talk TCP over the network of their environment, which leads to the
/// environment's gateway and, unless the manifest says otherwise, to the internet.
///
/// ```swift
/// var docker = DockerDriver.Configuration.defaults
/// docker.dataDirectory = configuration.dataDirectory
/// var extensions = LeverHost.Extensions()
/// extensions.driver = try DockerDriver(configuration: docker)
/// let host = try LeverHost(configuration: configuration, extensions: extensions)
/// ```
public final class DockerDriver: ContainerDriver {
    struct Parts: Sendable {
        /// Says whose containers and networks they are: the data directory, in digits.
        var owner: String
        var engine: Engine
        var folder: RuntimeFolder
        var networks: EnvironmentNetworks
        var images: ImageStore
        /// Why the networks of instances cannot be isolated.
        var weakness: RuntimeError?
        var watch: Task<Void, Never>
        /// Looks after the isolation of networks.
        var guardian: Task<Void, Never>
    }

    private enum Phase {
        case created
        case preparing
        case prepared(Parts)
        case stopped
    }

    private struct State {
        var phase = Phase.created
        /// By container.
        var instances: [String: DockerInstance] = [:]
        /// Versions whose code every user may read by now.
        var readable: Set<String> = []
        var engineIsGone = false
        /// What an earlier run has left, and may still be adopted.
        var leftovers: [InstanceID: LeftContainer] = [:]
    }

    /// How often it is looked whether the packet filter is still there.
    private static let guardInterval: Duration = .seconds(15)

    /// `docker`.
    public let name = "docker"
    let configuration: Configuration
    let logger: Logger
    private let identity: (user: UInt32, group: UInt32)
    private let address: EngineAddress
    let spares = Spares()
    private let state = Mutex(State())

    /// Makes a driver; nothing is asked of the engine before ``prepare()``.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`.
    public init(
        configuration: Configuration = .defaults, logger: Logger = Logger(label: "lever.driver.docker")
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        identity = try configuration.identity()
        address = try EngineAddress(configuration.engine, certificates: configuration.certificates)
    }

    /// Whether an engine answers that a driver can use, and which.
    ///
    /// - Throws: `RuntimeError` that says why not.
    public static func identifyEngine(_ configuration: Configuration) async throws -> String {
        let address = try EngineAddress(configuration.engine, certificates: configuration.certificates)
        let engine = try Engine(address: address, timeout: min(configuration.engineTimeout, .seconds(5)))
        let answer: Result<String, any Error>
        do { answer = .success(try await engine.identify().name) } catch { answer = .failure(error) }
        await engine.close()
        do { return try answer.get() } catch let error as EngineError {
            throw RuntimeError(.driver, error.message)
        }
    }

    // MARK: Life cycle

    /// Removes the containers of an earlier run, then follows the engine's events.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver` where the engine does not answer or is too old, or something
    ///   of the earlier run cannot be removed.
    public func prepare() async throws { _ = try await prepare(isAdopting: false) }

    /// Leaves containers of an earlier run alive that may be adopted; follows the engine's events.
    ///
    /// - Throws: As ``prepare()``.
    public func prepareAdopting() async throws -> [Leftover] { try await prepare(isAdopting: true) }

    private func prepare(isAdopting: Bool) async throws -> [Leftover] {
        let isFirst = state.withLock { state in
            guard case .created = state.phase else { return false }
            state.phase = .preparing
            return true
        }
        guard isFirst else { throw RuntimeError(.driver, "the docker driver has been prepared already") }
        // The data directory is there by now.
        let owner = String(RunName.prefix(dataDirectory: configuration.dataDirectory).dropLast())
        let connection = try Engine(address: address, timeout: configuration.engineTimeout)
        do {
            let (name, version) = try await connection.identify()
            let engine = connection.speaking(version)
            let left = try await engine.containers(labelled: Labels.owned(by: owner))
            let kept = isAdopting ? left.filter { $0.leftover != nil } : []
            try await remove(left.filter { one in !kept.contains { $0.id == one.id } }, engine)
            let folder = try RuntimeFolder(
                configuration.runtimeDirectory, owner: owner, user: identity.user, group: identity.group)
            folder.removeInstanceFolders(keeping: kept.compactMap { $0.leftover?.id })
            let isolation: any NetworkIsolation =
                configuration.allowsWeakIsolation ? NoIsolation() : PacketIsolation(owner: owner, logger: logger)
            var weakness: RuntimeError?
            do { try await isolation.check() } catch let error as RuntimeError { weakness = error }
            let watch = EngineWatch(engine: engine, label: Labels.owned(by: owner), logger: logger)
            let networks = EnvironmentNetworks(
                engine: engine, owner: owner, isolation: isolation, makesBridgesLate: name.hasPrefix("Podman"),
                logger: logger)
            for container in kept { try await container.expect(in: networks) }
            let parts = Parts(
                owner: owner, engine: engine, folder: folder,
                networks: networks,
                images: ImageStore(
                    engine: engine, timeout: configuration.pullTimeout,
                    record: PulledImages(path: configuration.dataDirectory.map { "\($0)/docker-images" }),
                    logger: logger),
                weakness: weakness,
                watch: Task { [weak self] in await watch.run { [weak self] in await self?.hear($0) } },
                guardian: Task {
                    while (try? await Task.sleep(for: Self.guardInterval)) != nil {
                        // The end does not cut short the program that looks: the end waits for it.
                        await Task { await networks.restore() }.value
                    }
                })
            state.withLock { state in
                state.phase = .prepared(parts)
                for container in kept {
                    if let leftover = container.leftover { state.leftovers[leftover.id] = container }
                }
            }
            logger.info(
                "instances run in containers", metadata: ["lever.engine": "\(name)", "lever.address": "\(address)"])
            if configuration.allowsWeakIsolation {
                logger.warning(
                    "nothing keeps containers from the host's ports and from other environments, as configured")
            }
            return kept.compactMap(\.leftover)
        } catch {
            state.withLock { $0.phase = .stopped }
            await connection.close()
            if let error = error as? EngineError { throw RuntimeError(.driver, error.message) }
            throw error
        }
    }

    /// Kills all instances, and removes what the engine holds of this host, but for images.
    public func shutdown() async {
        // A host that is cancelled ends within a cancelled task, in which no request would be sent any more.
        await Task { await end() }.value
    }

    private func end() async {
        let (parts, instances): (Parts?, [DockerInstance]) = state.withLock { state in
            defer { state.phase = .stopped }
            guard case .prepared(let parts) = state.phase else { return (nil, []) }
            return (parts, Array(state.instances.values))
        }
        guard let parts else { return }
        for instance in instances { instance.terminate(grace: .zero) }
        // Those that nobody has decided about, because the host did not come so far.
        do { try await removeLeftovers(parts) } catch {
            logger.error(
                "what an earlier run had left could not be ended", metadata: ["lever.error": "\(error)"])
        }
        let end = ContinuousClock.now + configuration.killTimeout
        while !state.withLock({ $0.instances.isEmpty }) {
            guard ContinuousClock.now < end else {
                logger.error("instances could not be ended", metadata: ["lever.driver": "docker"])
                break
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        parts.watch.cancel()
        parts.guardian.cancel()
        await parts.guardian.value
        await parts.networks.removeAll()
        await parts.engine.close()
        parts.folder.remove()
    }

    /// Removes containers of an earlier run.
    private func remove(_ left: [LeftContainer], _ engine: Engine) async throws {
        guard !left.isEmpty else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for container in left { group.addTask { try await engine.removeContainer(container.id) } }
            try await group.waitForAll()
        }
        logger.notice("removed what an earlier run had left", metadata: ["lever.containers": "\(left.count)"])
    }

    func removeLeftovers(_ parts: Parts) async throws {
        let left = state.withLock { $0.leftovers }
        do { try await remove(Array(left.values), parts.engine) } catch let error as EngineError {
            throw error.asRuntimeError("an instance of an earlier run could not be ended")
        }
        for id in left.keys {
            parts.folder.removeInstanceFolder(id)
            state.withLock { _ = $0.leftovers.removeValue(forKey: id) }
        }
    }

    /// What an earlier run has left of an instance.
    func leftover(_ id: InstanceID) -> LeftContainer? { state.withLock { $0.leftovers[id] } }

    /// Makes an adopted instance known, which is no leftover any more.
    func adopted(_ instance: DockerInstance) throws {
        try register(instance)
        state.withLock { _ = $0.leftovers.removeValue(forKey: instance.id) }
    }

    // MARK: Instances

    /// Never: each container has ports of its own.
    public func mayNeedPort(_ specification: InstanceSpecification) -> Bool { false }

    /// Starts the entry in a container.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver` and a text for the service's developer, or
    ///   `RuntimeError.Code.stopped` after ``shutdown()``.
    public func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        let parts = try parts()
        if let spare = spares.take(specification), let instance = try? await spare.value,
            await goOn(instance, parts.engine)
        {
            return instance
        }
        return try await startAnother(specification, parts)
    }

    /// Starts an instance that is not there.
    func startAnother(_ specification: InstanceSpecification, _ parts: Parts) async throws -> DockerInstance {
        // Its container and its folder have the instance's name.
        await spares.waitForEnd(of: specification.id)
        let image = try ContainerRequest.image(of: specification.manifest, configuration)
        try CodeFolder.check(specification)
        makeReadable(specification.codeDirectory)
        do {
            return try await DockerStart(
                specification: specification, image: image, configuration: configuration, parts: parts,
                logger: logger,
                register: { [self] instance in try register(instance) },
                ended: { [weak self] in self?.ended($0) }
            ).run()
        } catch let error as EngineError {
            throw error.asRuntimeError("an instance of \(specification.service) could not be started")
        }
    }

    /// The parts, where the driver can be used.
    func parts() throws -> Parts {
        try state.withLock { state in
            switch state.phase {
            case .created, .preparing: throw RuntimeError(.driver, "the docker driver has not been prepared")
            case .stopped: throw RuntimeError(.stopped, "the docker driver has been shut down")
            case .prepared(let parts): return parts
            }
        }
    }

    /// Nothing is left of an instance.
    func ended(_ instance: DockerInstance) {
        state.withLock { _ = $0.instances.removeValue(forKey: instance.container) }
    }

    private func register(_ instance: DockerInstance) throws {
        try state.withLock { state in
            guard case .prepared = state.phase else {
                throw RuntimeError(.stopped, "the docker driver has been shut down")
            }
            state.instances[instance.container] = instance
        }
    }

    private func makeReadable(_ folder: String) {
        // The host's own user reads it already.
        guard identity.user != SystemUser.current else { return }
        let isFirst = state.withLock { !$0.readable.contains(folder) }
        guard isFirst else { return }
        // Twice at once does no harm; before it is done, nobody must count on it.
        CodeFolder.makeReadable(folder)
        state.withLock { _ = $0.readable.insert(folder) }
    }

    private func hear(_ event: EngineWatch.Event) async {
        switch event {
        case .died(let container):
            state.withLock { $0.instances[container] }?.died()
        case .isGone:
            let isNew = state.withLock { state in
                defer { state.engineIsGone = true }
                return !state.engineIsGone
            }
            if isNew { logger.error("the container engine does not answer", metadata: ["lever.address": "\(address)"]) }
        case .answers:
            let (wasGone, instances) = state.withLock { state in
                defer { state.engineIsGone = false }
                return (state.engineIsGone, Array(state.instances.values))
            }
            if wasGone {
                logger.notice("the container engine answers again", metadata: ["lever.address": "\(address)"])
                try? await parts().networks.forget()
            }
            for instance in instances { await instance.checkIsKnown() }
        }
    }
}
