public import LeverCore
public import LeverService

extension LeverTestHost {
    // MARK: Versions

    /// Deploys a service; again under the same name, it is an upgrade. Returns once the version is live, which takes virtual
    /// time only where instances take time to start: then wrap it in ``advancing(within:_:)``, or move the time meanwhile.
    ///
    /// - Parameters:
    ///   - definition: What the service does. Each instance keeps resources of its own.
    ///   - name: `<environment>/<service>`, or the service's name for the environment `dev.lever`.
    ///   - minInstances: Instances that are kept even when idle.
    ///   - maxInstances: The most instances.
    ///   - maxInstanceLoad: The mean number of concurrent calls at which one instance is full.
    ///   - isPrivate: Whether only services of the same environment may call it.
    ///   - drainTimeout: How long calls go on when an instance is replaced; `nil` for the host's bound.
    ///   - channelDrainTimeout: How long channels go on when an instance is replaced; `nil` for the host's bound.
    /// - Returns: The version's number, counted from 1.
    /// - Throws: `RPCError` where the name is malformed or the version did not become live.
    @discardableResult
    public func deploy(
        _ definition: ServiceDefinition, as name: String, minInstances: Int = 0, maxInstances: Int = 10,
        maxInstanceLoad: Double = 10, isPrivate: Bool = false, drainTimeout: Duration? = nil,
        channelDrainTimeout: Duration? = nil
    ) async throws -> Int {
        try await deploy(
            as: name, minInstances: minInstances, maxInstances: maxInstances, maxInstanceLoad: maxInstanceLoad,
            isPrivate: isPrivate, drainTimeout: drainTimeout, channelDrainTimeout: channelDrainTimeout
        ) {
            LeverService(definition).handler()
        }
    }

    /// Deploys a service of which each instance is a handler that is made anew; otherwise as
    /// ``deploy(_:as:minInstances:maxInstances:maxInstanceLoad:isPrivate:drainTimeout:channelDrainTimeout:)``.
    ///
    /// `makeHandler` makes an instance; one for which it throws has failed to start.
    ///
    /// - Returns: The version's number, counted from 1.
    /// - Throws: `RPCError` where the name is malformed or the version did not become live.
    @discardableResult
    public func deploy(
        as name: String, minInstances: Int = 0, maxInstances: Int = 10, maxInstanceLoad: Double = 10,
        isPrivate: Bool = false, drainTimeout: Duration? = nil, channelDrainTimeout: Duration? = nil,
        _ makeHandler: @escaping @Sendable () throws -> any RPCHandler
    ) async throws -> Int {
        let id = try Self.id(name)
        let manifest = Manifest(
            name: id.service, isPrivate: isPrivate, maxInstanceLoad: maxInstanceLoad, minInstances: minInstances,
            maxInstances: maxInstances, drainTimeout: drainTimeout, channelDrainTimeout: channelDrainTimeout)
        let outcome = Outcome<Int>()
        try act { world in
            try world.checkRuns()
            let service = world.services.first { $0.id == id } ?? world.makeService(id)
            service.newestVersion += 1
            let version = WorldVersion(
                number: service.newestVersion, manifest: manifest, makeHandler: makeHandler)
            service.versions[version.number] = version
            service.requests += 1
            service.deployments[service.requests] = outcome
            world.tell(service, .deploy(version.candidate, request: service.requests))
        }
        return try await outcome.value()
    }

    /// Makes a version that was live before live again; returns once it is.
    ///
    /// - Throws: `RPCError` where there is no such service or version, or it did not become live.
    public func rollback(_ name: String, to version: Int) async throws {
        let outcome = Outcome<Int>()
        try act { world in
            let service = try world.existing(name)
            guard let known = service.versions[version], service.history.contains(version) else {
                throw RPCError(.noVersion, "version \(version) of \(service.id) was never live")
            }
            service.requests += 1
            service.deployments[service.requests] = outcome
            world.tell(
                service,
                .rollback(known.candidate, newest: service.newestVersion, request: service.requests))
        }
        _ = try await outcome.value()
    }

    /// Removes a service; returns once nothing of it runs any more. Calls in progress get the host's time for them.
    ///
    /// - Throws: `RPCError` where there is no such service.
    public func remove(_ name: String) async throws {
        let outcome = Outcome<Void>()
        try act { world in
            let service = try world.existing(name)
            service.removals.append(outcome)
            world.tell(service, .shutdown as ServiceController.Event)
        }
        try await outcome.value()
    }

    /// The version of a service that calls go to; `nil` where there is none.
    public func liveVersion(of name: String) -> Int? {
        act { $0.service(name)?.machine.instances.liveVersion }
    }

    // MARK: Instances and resources

    /// The instances of a service that are not gone, in the order of their start; none where there is no such service.
    public func instances(_ name: String) -> [TestInstance] {
        act { world in
            guard let service = world.service(name) else { return [] }
            return service.machine.instances.instances.compactMap { known in
                service.instances[known.id].map { TestInstance(known, $0) }
            }
        }
    }

    /// Calls of a service that wait for an instance or for a resource.
    public func waitingCalls(of name: String) -> Int {
        act { $0.service(name)?.waitingCount ?? 0 }
    }

    /// The activation of a resource that calls go to now; `nil` where it has none.
    public func activation(of resource: String, in name: String) -> Activation? {
        act { world in
            world.service(name)?.activations[ResourceID(resource)].map {
                Activation(instance: $0.instance.id, epoch: $0.epoch)
            }
        }
    }

    /// The epochs of all activations that a resource has had, in their order.
    public func epochs(of resource: String, in name: String) -> [Epoch] {
        guard let id = try? Self.id(name) else { return [] }
        return witness.epochs(of: ResourceID(resource), in: id)
    }

    /// Moves a resource to an instance, or to any other than its own; returns once it is there.
    ///
    /// - Parameters:
    ///   - resource: The resource.
    ///   - name: Its service.
    ///   - instance: Where to; `nil` for any other instance.
    ///   - window: How long calls go on to where it is while it is never idle; `nil` for the host's bound.
    /// - Throws: `RPCError` where it cannot be moved.
    @discardableResult
    public func move(
        _ resource: String, of name: String, to instance: TestInstance? = nil, window: Duration? = nil
    ) async throws -> Activation {
        let outcome = Outcome<Activation>()
        let resource = ResourceID(resource)
        try act { world in
            let service = try world.existing(name)
            service.moves[resource, default: []].append(outcome)
            let window = window ?? world.configuration.resources.moveWindow
            world.tell(service, .move(resource, to: instance?.id, window: window))
        }
        return try await outcome.value()
    }

    static func id(_ name: String) throws(RPCError) -> ServiceID {
        try name.contains("/") ? ServiceID(name) : ServiceID(environment: .default, service: ServiceName(name))
    }
}

extension HostWorld {
    func checkRuns() throws(RPCError) {
        guard !hasEnded else { throw RPCError(.shuttingDown, "the host has ended") }
    }

    func existing(_ name: String) throws(RPCError) -> WorldService {
        try checkRuns()
        guard let service = service(name) else { throw RPCError(.noService, "there is no service \"\(name)\"") }
        return service
    }
}
