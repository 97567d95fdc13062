public import LeverCore

/// Looks at what a host runs, and changes it: everything but deploying, which is
/// ``LeverClient/LeverClient/deploy(_:to:progress:)``.
///
/// ```swift
/// let admin = client.admin()
/// for service in try await admin.services() { print(service.url, service.version ?? 0) }
/// try await admin.rollback(id)
/// ```
///
/// A host answers only callers on its own machine, and those at addresses that it was told to trust. Every method throws `RPCError`: with the reason `noEnvironment`,
/// `noService`, `noVersion` or `noResource` where what it is about does not exist, `conflict` where the state of things does not
/// allow it, `forbidden` where the caller may not do it; and `RuntimeError` and `CancellationError` as any call.
public struct AdminClient: Sendable {
    private let client: LeverClient
    private let host: EnvironmentName

    init(client: LeverClient, host: EnvironmentName) {
        self.client = client
        self.host = host
    }
}

extension LeverClient {
    /// The administration of a host.
    ///
    /// - Parameter environment: One of the host's environments; it only matters to a client that was made without a host, which
    ///   then finds the host by that name.
    public func admin(at environment: EnvironmentName = .default) -> AdminClient {
        AdminClient(client: self, host: environment)
    }
}

// MARK: Services and versions

extension AdminClient {
    /// The services of an environment, without one of all, in the order of their names.
    public func services(in environment: EnvironmentName? = nil) async throws -> [Service] {
        try await call("ListServices", environment?.value ?? .null)
    }

    /// All about one service.
    public func service(_ id: ServiceID) async throws -> ServiceDetails {
        try await call("DescribeService", id.environment.value, id.service.value)
    }

    /// The versions of a service that are kept, and when which was live.
    public func versions(of id: ServiceID) async throws -> Versions {
        try await call("ListVersions", id.environment.value, id.service.value)
    }

    /// Lets a kept version take over again; returns once it is live. No call fails for it, as with a deployment.
    ///
    /// - Parameters:
    ///   - id: The service.
    ///   - version: The version; `nil` for the one that was live before the present one.
    ///   - progress: Hears what happens, from any thread.
    /// - Returns: what is live now.
    /// - Throws: also `RemoteError` where the version does not start; its text says why. What was live still is.
    @discardableResult
    public func rollback(
        _ id: ServiceID, to version: Int? = nil, progress: @Sendable (DeploymentEvent) -> Void = { _ in }
    ) async throws -> Deployment {
        let channel = try await open(
            "RollbackChan", id.environment.value, id.service.value, version.map { .number(Double($0)) } ?? .null)
        var live: Int?
        while case .value(let message)? = try await channel.receive() {
            guard let phase = message["phase"]?.stringValue else { continue }
            if phase == "live" {
                live = message["version"]?.intValue
            } else {
                progress(.phase(phase, message: message["message"]?.stringValue))
            }
        }
        guard let live else {
            throw RPCError(.defect, "the host ended the rollback without saying that the version is live")
        }
        return Deployment(environment: id.environment, service: id.service, version: live)
    }

    /// Removes a service with all its versions; returns once nothing of it runs. Calls in progress get their time.
    public func remove(_ id: ServiceID) async throws {
        try await perform("RemoveService", id.environment.value, id.service.value, timeout: Self.patience)
    }

    /// Changes the bounds of a service's scaling until the host ends.
    ///
    /// - Parameters:
    ///   - id: The service.
    ///   - change: What changes, the rest stays as it is; `nil` brings all of the manifest's bounds back.
    /// - Returns: the bounds that count from now on.
    @discardableResult
    public func setScaling(of id: ServiceID, _ change: ScalingChange?) async throws -> Scaling {
        try await call("SetScaling", id.environment.value, id.service.value, change?.value ?? .null)
    }
}

// MARK: Instances and resources

extension AdminClient {
    /// The instances that there are: all, or those of an environment.
    public func instances(in environment: EnvironmentName? = nil) async throws -> [Instance] {
        try await call("ListInstances", environment?.value ?? .null)
    }

    /// The instances of a service.
    public func instances(of id: ServiceID) async throws -> [Instance] {
        try await call("ListInstances", id.environment.value, id.service.value)
    }

    /// Has an instance finish its calls, give up its resources and end; returns at once. Where it is needed, another one
    /// is started in its place.
    public func drain(_ instance: InstanceID, of id: ServiceID) async throws {
        try await perform("DrainInstance", id.environment.value, id.service.value, .string(instance.rawValue))
    }

    /// The resources of a service that are anywhere, in the order of their names' bytes.
    ///
    /// - Parameters:
    ///   - id: The service.
    ///   - prefix: What the names begin with.
    ///   - after: The name to go on after: ``ResourcePage/next`` of the page before.
    ///   - limit: How many, 1 to 1,000.
    public func resources(
        of id: ServiceID, prefix: String = "", after: String? = nil, limit: Int = 100
    ) async throws -> ResourcePage {
        let options: LeverValue = [
            "prefix": .string(prefix), "after": after.map { .string($0) } ?? .null, "limit": .number(Double(limit)),
        ]
        return try await call("ListResources", id.environment.value, id.service.value, options)
    }

    /// Where a resource is; one that is nowhere has the phase `inactive`.
    public func resource(_ name: String, of id: ServiceID) async throws -> Resource {
        try await call("WhereResource", id.environment.value, id.service.value, .string(name))
    }

    /// Moves a resource to an instance, or to any but its own; returns once it is there.
    @discardableResult
    public func move(_ name: String, of id: ServiceID, to instance: InstanceID? = nil) async throws -> Resource {
        try await call(
            "MoveResource", id.environment.value, id.service.value, .string(name),
            instance.map { .string($0.rawValue) } ?? .null, timeout: Self.patience)
    }
}

// MARK: What is left over

extension AdminClient {
    /// Has the host's driver remove what no version needs any more, for example images and networks.
    ///
    /// - Returns: what was removed, each in words of its own.
    /// - Throws: `RPCError` with the reason `conflict` where the driver could not, in its words.
    @discardableResult
    public func prune() async throws -> [String] {
        try await call("Prune", timeout: Self.patience)
    }
}

// MARK: Environments

extension AdminClient {
    /// The environments, in the order of their names.
    public func environments() async throws -> [Environment] {
        try await call("ListEnvironments")
    }

    /// Makes an environment exist; `false` where it did already.
    @discardableResult
    public func addEnvironment(_ name: EnvironmentName) async throws -> Bool {
        try await call("AddEnvironment", name.value)
    }

    /// Removes an environment.
    ///
    /// - Parameters:
    ///   - name: The environment.
    ///   - force: Whether the services that are in it are removed, too; without it an environment must be empty.
    public func removeEnvironment(_ name: EnvironmentName, force: Bool = false) async throws {
        try await perform("RemoveEnvironment", name.value, .bool(force), timeout: Self.patience)
    }
}

// MARK: Logs and events

extension AdminClient {
    /// What the instances of a service have written, in the order of the times: also those that have ended, and those of earlier
    /// runs of the host, as far back as the host keeps it.
    ///
    /// - Parameters:
    ///   - id: The service.
    ///   - instance: Only this instance.
    ///   - lines: How many lines at most, the newest.
    ///   - since: Only lines from this time on, in seconds since 1970.
    ///   - follow: Whether it goes on with what is written from now on, until the service or the host ends.
    public func logs(
        of id: ServiceID, instance: InstanceID? = nil, lines: Int = 100, since: Double? = nil, follow: Bool = false
    ) async throws -> AdminFeed<LogLine> {
        try await logs(id.environment, id.service, instance, lines, since, follow)
    }

    /// What the instances of all services of an environment have written, in the order of the times, as
    /// ``logs(of:instance:lines:since:follow:)``.
    ///
    /// - Parameters:
    ///   - environment: The environment.
    ///   - instance: Only this instance.
    ///   - lines: How many lines at most, the newest.
    ///   - since: Only lines from this time on, in seconds since 1970.
    ///   - follow: Whether it goes on with what is written from now on, until the environment or the host ends.
    public func logs(
        in environment: EnvironmentName, instance: InstanceID? = nil, lines: Int = 100, since: Double? = nil,
        follow: Bool = false
    ) async throws -> AdminFeed<LogLine> {
        try await logs(environment, nil, instance, lines, since, follow)
    }

    private func logs(
        _ environment: EnvironmentName, _ service: ServiceName?, _ instance: InstanceID?, _ lines: Int,
        _ since: Double?, _ follow: Bool
    ) async throws -> AdminFeed<LogLine> {
        let options: LeverValue = [
            "instance": instance.map { .string($0.rawValue) } ?? .null, "lines": .number(Double(lines)),
            "since": since.map { .number($0) } ?? .null, "follow": .bool(follow),
        ]
        return AdminFeed(channel: try await open("LogsChan", environment.value, service?.value ?? .null, options))
    }

    /// What the host did lately, and why.
    ///
    /// - Parameters:
    ///   - environment: Only what concerns this environment.
    ///   - service: Only what concerns this service of the environment.
    ///   - after: Only events after this number; without it the newest.
    ///   - lines: How many events at most where `after` is not given, the newest.
    ///   - follow: Whether it goes on with what happens from now on, until the host ends.
    public func events(
        in environment: EnvironmentName? = nil, service: ServiceName? = nil, after: Int? = nil, lines: Int = 100,
        follow: Bool = false
    ) async throws -> AdminFeed<Event> {
        let options: LeverValue = [
            "environment": environment?.value ?? .null, "service": service?.value ?? .null,
            "after": after.map { .number(Double($0)) } ?? .null, "lines": .number(Double(lines)),
            "follow": .bool(follow),
        ]
        return AdminFeed(channel: try await open("EventsChan", options))
    }
}

// MARK: Calls

extension AdminClient {
    private func url(_ method: String) throws -> LeverURL {
        LeverURL(environment: .admin, service: .admin, method: try MethodName(method))
    }

    /// How long may take what waits for calls in progress, which may go on for long themselves.
    private static let patience: Duration = .seconds(3600)

    private func perform(_ method: String, _ arguments: LeverValue..., timeout: Duration? = nil) async throws {
        let url = try url(method)
        _ = try await client.call(url, .values(arguments), atHostOf: host, timeout: timeout).payload(of: url)
    }

    private func call<Result: Decodable>(
        _ method: String, _ arguments: LeverValue..., timeout: Duration? = nil
    ) async throws -> Result {
        let url = try url(method)
        let reply = try await client.call(url, .values(arguments), atHostOf: host, timeout: timeout)
        let payload = try reply.payload(of: url)
        do {
            return try payload.decode(Result.self)
        } catch let error as DecodingError {
            throw RPCError(
                .defect, "the host's answer to \(method) has another form than this client knows", cause: error)
        }
    }

    private func open(_ method: String, _ arguments: LeverValue...) async throws -> LeverChannel {
        let url = try url(method)
        let channel = try await client.open(url, .values(arguments), atHostOf: host)
        return LeverChannel(channel, url: url, isCallers: true)
    }
}

extension EnvironmentName {
    fileprivate var value: LeverValue { .string(rawValue) }
}

extension ServiceName {
    fileprivate var value: LeverValue { .string(rawValue) }
}
