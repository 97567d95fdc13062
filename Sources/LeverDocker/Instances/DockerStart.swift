import LeverCore
import Logging

/// One start of an instance: what it makes is gone again when it fails or is cancelled.
struct DockerStart: Sendable {
    let specification: InstanceSpecification
    let image: ImageReference
    let configuration: DockerDriver.Configuration
    let parts: DockerDriver.Parts
    let logger: Logger
    /// Makes the instance known, so that its end is heard.
    let register: @Sendable (DockerInstance) throws -> Void
    let ended: @Sendable (DockerInstance) -> Void

    private var name: String { "lever-\(parts.owner.prefix(8))-\(specification.id)" }

    func run() async throws -> DockerInstance {
        let clock = ContinuousClock()
        let begin = clock.now
        try await parts.images.provide(image)
        let runFolder = try parts.folder.makeInstanceFolder(specification.id)
        var made: DockerInstance?
        do {
            let network = try await parts.connect(specification)
            let ready = clock.now
            let container = try await create(runFolder, network)
            let created = clock.now
            let instance = DockerInstance(
                specification, container: container, runFolder: runFolder,
                output: OutputLog(capacity: configuration.outputLines, lineLength: configuration.outputLineLength),
                DockerInstance.Surroundings(engine: parts.engine, folder: parts.folder, logger: logger, ended: ended))
            made = instance
            try await instance.attach()
            try register(instance)
            try await start(instance, network)
            // What was spent before the engine was asked is an image that was missing, or a network that was new.
            if begin.duration(to: ready) > .milliseconds(5) {
                instance.note(StartPhase("prepare", begin.duration(to: ready)))
            }
            instance.note(StartPhase("create", ready.duration(to: created)))
            instance.note(StartPhase("start", created.duration(to: clock.now)))
            return instance
        } catch {
            await undo()
            // The engine says nothing of the end of a container that never ran.
            made?.died()
            throw error
        }
    }

    private func create(_ runFolder: String, _ network: String?) async throws -> String {
        let body = try ContainerRequest(
            specification, configuration, parts, runFolder: runFolder, network: network
        ).json(image: image)
        do {
            return try await parts.engine.createContainer(named: name, body)
        } catch let error as EngineError where error.isNotFound {
            // The image was removed since it was asked for last.
            await parts.images.forget(image)
            try await parts.images.provide(image)
            return try await parts.engine.createContainer(named: name, body)
        }
    }

    private func start(_ instance: DockerInstance, _ network: String?) async throws {
        do {
            try await parts.engine.startContainer(instance.container)
        } catch let error as EngineError where !error.isUnreachable {
            throw RuntimeError(.driver, EngineRefusal.text(error.message, specification, image))
        }
        guard let network else { return instance.started(address: nil) }
        try await parts.networks.confirm(network)
        let facts = try await parts.engine.inspectContainer(instance.container)
        instance.started(address: facts?.addresses[network])
    }

    /// Removes what was made; not cut short by the cancellation of the start.
    private func undo() async {
        await Task {
            try? await parts.engine.removeContainer(Engine.escaped(name))
            parts.folder.removeInstanceFolder(specification.id)
        }.value
    }
}

extension DockerDriver.Parts {
    /// Makes sure of an instance's network; its name, where there is one.
    func connect(_ specification: InstanceSpecification) async throws -> String? {
        let kind = InstanceNetwork(specification.manifest)
        guard kind != .none else { return nil }
        if let weakness { throw weakness }
        let bridge = try await networks.bridge(of: specification.service.environment, kind)
        try await networks.open(bridge, port: specification.internalGateway.flatMap { Self.port(of: $0) })
        return bridge.network
    }

    /// The port of `host:port`.
    static func port(of address: String) -> Int? { Int(address.split(separator: ":").last ?? "") }
}

extension ContainerRequest {
    /// What an instance's container is made of now.
    init(
        _ specification: InstanceSpecification, _ configuration: DockerDriver.Configuration,
        _ parts: DockerDriver.Parts, runFolder: String, network: String?
    ) throws {
        self.init(
            specification: specification,
            surroundings: Surroundings(
                configuration: configuration, owner: parts.owner, user: "\(parts.folder.user):\(parts.folder.group)",
                nodeFolder: parts.folder.nodeFolder),
            runFolder: runFolder,
            gatewayFolder: try parts.folder.gatewayFolder(
                specification.service.environment, InstanceNetwork(specification.manifest)),
            network: network)
    }
}

/// What an engine says of an entry that it cannot start, in the developer's terms.
enum EngineRefusal {
    static func text(_ message: String, _ specification: InstanceSpecification, _ image: ImageReference) -> String {
        let program: String =
            switch specification.manifest.entry {
            case .command(let words): words.first ?? ""
            case .javaScript: "node"
            }
        let what = "an instance of \(specification.service) could not be started"
        if message.contains("executable file not found") {
            return "\(what): the program '\(program)' is not on the PATH of the image \(image)"
        }
        return "\(what) in the image \(image): \(message)"
    }
}
