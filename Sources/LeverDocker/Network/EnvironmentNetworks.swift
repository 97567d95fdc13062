import LeverCore
import Logging

/// The networks of a host: for each environment a bridge, and another one for instances that must not reach the internet.
actor EnvironmentNetworks {
    /// A bridge and what may be reached from it.
    struct Bridge: Sendable, Hashable {
        /// The network's name for the engine.
        var network: String
        /// The device's name on the host.
        var device: String
        /// The host's address on it.
        var gateway: String
        /// Whether it leads to the internet.
        var hasInternet: Bool
        /// The port of the environment's gateway there; `nil` before it is known.
        var port: Int?
    }

    private struct Key: Hashable {
        var environment: EnvironmentName
        var network: InstanceNetwork
    }

    private let engine: Engine
    private let owner: String
    private let isolation: any NetworkIsolation
    private let logger: Logger
    /// Whether the engine makes a bridge for the first container on it, and not before, as Podman does.
    private let makesBridgesLate: Bool
    /// Those that the engine was asked for, and is not asked for again.
    private var bridges: [Key: Task<Bridge, any Error>] = [:]
    /// Those that instances may be on, by the device's name.
    private var known: [String: Bridge] = [:]
    /// The ports that instances of an earlier run know, by the device's name.
    private var earlierPorts: [String: Int] = [:]
    /// What the isolation was told last.
    private var isolated: Set<Bridge> = []
    /// The newest change of the isolation, which waits for those before it.
    private var isolating: Task<Void, any Error>?

    /// - Parameters:
    ///   - owner: The label's value that says whose networks they are.
    ///   - isolation: Keeps the bridges from one another and from the host.
    ///   - makesBridgesLate: Whether the engine makes a bridge for the first container on it, and not before.
    init(
        engine: Engine, owner: String, isolation: any NetworkIsolation, makesBridgesLate: Bool = false, logger: Logger
    ) {
        self.makesBridgesLate = makesBridgesLate
        self.engine = engine
        self.owner = owner
        self.isolation = isolation
        self.logger = logger
    }

    /// The bridge of an environment, which is made where there is none yet.
    ///
    /// - Throws: `RuntimeError`.
    func bridge(of environment: EnvironmentName, _ network: InstanceNetwork) async throws -> Bridge {
        let key = Key(environment: environment, network: network)
        let task: Task<Bridge, any Error>
        if let known = bridges[key] {
            task = known
        } else {
            task = Task { try await make(key) }
            bridges[key] = task
        }
        do {
            return try await task.value
        } catch {
            if bridges[key] == task { bridges[key] = nil }
            throw error
        }
    }

    /// Lets instances in a network reach the environment's gateway, and isolates the network. Before this no instance may be in
    /// it.
    ///
    /// - Throws: `RuntimeError`.
    func open(_ bridge: Bridge, port: Int?) async throws {
        var bridge = bridge
        bridge.port = port ?? known[bridge.device]?.port
        known[bridge.device] = bridge
        let earlier = isolating
        let task = Task {
            // One after the other, each with all that is known when its turn comes: none takes back what another has set.
            _ = try? await earlier?.value
            try await isolate()
        }
        isolating = task
        try await task.value
    }

    /// Makes sure that a network's bridge, on which an instance is now, is where it is isolated.
    ///
    /// - Throws: `RuntimeError`.
    func confirm(_ network: String) async throws {
        guard makesBridgesLate, let bridge = known.values.first(where: { $0.network == network }) else { return }
        try await isolation.confirm(bridge)
    }

    /// Takes note of a bridge on which instances of an earlier run are, before the isolation is set for the first time: they
    /// stay isolated as they were.
    func expect(_ bridge: Bridge, port: Int?) {
        var bridge = bridge
        bridge.port = port ?? known[bridge.device]?.port
        known[bridge.device] = bridge
        earlierPorts[bridge.device] = bridge.port
    }

    /// The port at which instances of an earlier run look for their gateway on a bridge; `nil` where there are none.
    func earlierPort(on bridge: Bridge) -> Int? { earlierPorts[bridge.device] }

    /// An engine that was started anew may have lost networks: the next instance asks again. Instances may still be on the
    /// bridges.
    func forget() { bridges = [:] }

    /// Puts the isolation back where another program has removed it.
    func restore() async {
        do { try await isolation.restore() } catch {
            logger.error("the isolation of networks is not sure", metadata: ["lever.error": "\(error)"])
        }
    }

    /// Removes networks in which no container is, but for the environments that are kept; says which.
    func prune(keeping kept: Set<EnvironmentName>) async throws -> [String] {
        var keptNames: Set<String> = []
        for environment in kept {
            for network in InstanceNetwork.allCases { keptNames.insert(name(environment, network)) }
        }
        var removed: [String] = []
        for network in try await engine.networks(labelled: Labels.owned(by: owner)) where !keptNames.contains(network) {
            for (key, _) in bridges where name(key.environment, key.network) == network { bridges[key] = nil }
            guard try await engine.removeNetwork(network) else { continue }
            for (device, bridge) in known where bridge.network == network { known[device] = nil }
            removed.append("network \(network)")
        }
        return removed
    }

    /// Removes all networks in which no container is, and the isolation.
    func removeAll() async {
        bridges = [:]
        for network in (try? await engine.networks(labelled: Labels.owned(by: owner))) ?? [] {
            _ = try? await engine.removeNetwork(network)
        }
        await isolation.end()
    }

    private func name(_ environment: EnvironmentName, _ network: InstanceNetwork) -> String {
        "lever-\(owner.prefix(8))-\(environment)\(network.suffix)"
    }

    private func make(_ key: Key) async throws -> Bridge {
        let name = name(key.environment, key.network)
        let device = "lv" + ShortName.of("\(owner)/\(name)")
        let body: LeverValue = [
            "Name": .string(name), "CheckDuplicate": true, "Driver": "bridge",
            "Internal": .bool(key.network == .closed), "EnableIPv6": false,
            "Options": ["com.docker.network.bridge.name": .string(device)],
            "Labels": [Labels.owner: .string(owner), Labels.environment: .string(key.environment.rawValue)],
        ]
        do {
            var facts = try await engine.inspectNetwork(name)
            if facts == nil {
                try await engine.createNetwork(body)
                facts = try await engine.inspectNetwork(name)
            }
            guard let facts else {
                throw EngineError(status: 200, message: "the container engine does not say what the network has become")
            }
            return Bridge(
                network: name, device: facts.bridge, gateway: facts.gateway, hasInternet: key.network == .open)
        } catch let error as EngineError {
            throw error.asRuntimeError("the network of the environment \(key.environment) could not be made")
        }
    }

    private func isolate() async throws {
        let now = Set(known.values)
        guard now != isolated else { return }
        try await isolation.isolate(Array(now))
        if !makesBridgesLate { for bridge in now { try await isolation.confirm(bridge) } }
        isolated = now
    }
}

/// Keeps bridges from one another and from the host that they are on.
protocol NetworkIsolation: Sendable {
    /// Whether it can; says at the same time that it is about to be used.
    ///
    /// - Throws: `RuntimeError` that says what is missing.
    func check() async throws

    /// These are the bridges, and no others. When it returns they are isolated, those too that are not there yet.
    ///
    /// - Throws: `RuntimeError`.
    func isolate(_ bridges: [EnvironmentNetworks.Bridge]) async throws

    /// Makes sure that a bridge is where the isolation reaches it.
    ///
    /// - Throws: `RuntimeError` that says where it is not.
    func confirm(_ bridge: EnvironmentNetworks.Bridge) async throws

    /// Puts back what another program has removed.
    ///
    /// - Throws: `RuntimeError`.
    func restore() async throws

    /// There are no bridges any more.
    func end() async
}

/// None, because whoever runs the host said so.
struct NoIsolation: NetworkIsolation {
    func check() async throws {}
    func isolate(_ bridges: [EnvironmentNetworks.Bridge]) async throws {}
    func confirm(_ bridge: EnvironmentNetworks.Bridge) async throws {}
    func restore() async throws {}
    func end() async {}
}
