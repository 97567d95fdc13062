public import LeverCore

// Containers that a host has left which was killed.
extension DockerDriver {
    /// Goes on with a container that runs, is not paused, has the socket of one of our SDKs, and is what would be made of the
    /// specification now.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver`.
    public func adopt(
        _ specification: InstanceSpecification, writtenAfter: Double?
    ) async throws -> any DriverInstance {
        let parts = try parts()
        guard let container = leftover(specification.id) else {
            throw RuntimeError(.driver, "no container is left of instance \(specification.id)")
        }
        do {
            return try await adopt(container, specification, writtenAfter, parts)
        } catch let error as EngineError {
            throw error.asRuntimeError("instance \(specification.id) could not be taken over")
        }
    }

    private func adopt(
        _ container: LeftContainer, _ specification: InstanceSpecification, _ writtenAfter: Double?, _ parts: Parts
    ) async throws -> DockerInstance {
        let image = try ContainerRequest.image(of: specification.manifest, configuration)
        let network = try await parts.connect(specification)
        let runFolder = parts.folder.instanceFolder(specification.id)
        let request = try ContainerRequest(
            specification, configuration, parts, runFolder: runFolder, network: network)
        guard container.fingerprint == request.fingerprint(image: image) else {
            throw RuntimeError(.driver, "it was made of something else: its code, its image, its limits or its gateway")
        }
        guard let facts = try await parts.engine.inspectContainer(container.id), facts.isRunning, !facts.isPaused else {
            throw RuntimeError(.driver, "it does not run")
        }
        let instance = DockerInstance(
            specification, container: container.id, runFolder: runFolder,
            output: OutputLog(capacity: configuration.outputLines, lineLength: configuration.outputLineLength),
            DockerInstance.Surroundings(
                engine: parts.engine, folder: parts.folder, logger: logger, ended: { [weak self] in self?.ended($0) }))
        instance.started(address: network.flatMap { facts.addresses[$0] })
        guard instance.lookForSocket() != nil else {
            throw RuntimeError(.driver, "none of our SDKs listens in it")
        }
        try await instance.follow(after: writtenAfter ?? 0)
        try adopted(instance)
        // It may have ended before anybody listened for that.
        await instance.checkIsKnown()
        return instance
    }

    /// Removes the containers that were not adopted.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver`.
    public func removeLeftovers() async throws { try await removeLeftovers(parts()) }
}
