public import LeverCore

// What versions need beside instances.
extension DockerDriver {
    /// Nothing is out of the driver's reach.
    public func warnings(about manifest: Manifest) -> [String] {
        guard manifest.image != nil, !configuration.allowsImages else { return [] }
        return ["lever.json: \"image\" is not allowed: this host chooses the images of its instances"]
    }

    /// A unix socket, which is mounted into the containers of the environment, and a port on the environment's bridge.
    public func gatewayEndpoints(for specification: InstanceSpecification) async throws -> [InstanceAddress.Endpoint] {
        let parts = try parts()
        let environment = specification.service.environment
        let network = InstanceNetwork(specification.manifest)
        let folder = try parts.folder.gatewayFolder(environment, network)
        let socket = InstanceAddress.Endpoint.unix(path: "\(folder)/\(ContainerPlaces.gatewayName)")
        guard network != .none else { return [socket] }
        let bridge = try await parts.networks.bridge(of: environment, network)
        return [socket, .tcp(host: bridge.gateway, port: await parts.networks.earlierPort(on: bridge) ?? 0)]
    }

    /// Gets the image of a version where it is not there.
    public func fetch(
        for specification: InstanceSpecification, progress: @escaping @Sendable (String) -> Void
    ) async throws {
        let image = try ContainerRequest.image(of: specification.manifest, configuration)
        try await parts().images.provide(image, progress: progress)
    }

    /// Removes the images that this host has pulled and no kept version needs, and the networks of environments without
    /// versions.
    public func prune(keeping kept: [ServiceID: [Manifest]]) async throws -> [String] {
        let parts = try parts()
        let images = Set(kept.values.joined().compactMap { try? ContainerRequest.image(of: $0, configuration) })
        do {
            return try await parts.networks.prune(keeping: Set(kept.keys.map(\.environment)))
                + parts.images.prune(keeping: images)
        } catch let error as EngineError {
            throw error.asRuntimeError("not everything could be removed")
        }
    }
}
