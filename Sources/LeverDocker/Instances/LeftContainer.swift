import LeverCore

/// A container that an earlier run of the host has left, as the engine lists it.
struct LeftContainer: Sendable {
    /// Its id for the engine.
    let id: String
    private let labels: LeverValue

    /// `nil` where the engine names no id.
    init?(_ json: LeverValue) {
        guard let id = json["Id"]?.stringValue else { return nil }
        self.id = id
        labels = json["Labels"] ?? .null
    }

    private func label(_ name: String) -> String? { labels[name]?.stringValue }

    /// The instance; `nil` where the container does not say enough of itself to be one that goes on.
    var leftover: Leftover? {
        guard let instance = label(Labels.instance), let version = label(Labels.version).flatMap({ Int($0) }),
            let environment, let service = label(Labels.service).flatMap({ try? ServiceName($0) }), fingerprint != nil
        else { return nil }
        return Leftover(
            id: InstanceID(instance), service: ServiceID(environment: environment, service: service), version: version)
    }

    private var environment: EnvironmentName? { label(Labels.environment).flatMap { try? EnvironmentName($0) } }

    /// What all that it was made of comes to.
    var fingerprint: String? { label(Labels.fingerprint) }

    /// Has its network stay isolated as it was, for as long as it lives.
    func expect(in networks: EnvironmentNetworks) async throws {
        guard let environment, let network = label(Labels.network).flatMap(InstanceNetwork.init(rawValue:)),
            network != .none
        else { return }
        let bridge = try await networks.bridge(of: environment, network)
        await networks.expect(bridge, port: label(Labels.gateway).flatMap { DockerDriver.Parts.port(of: $0) })
    }
}
