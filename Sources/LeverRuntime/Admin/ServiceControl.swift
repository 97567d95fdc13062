package import LeverCore

/// What the administration asks of whoever runs the services.
package protocol ServiceControl: Sendable {
    /// What the host did lately.
    var events: EventLog { get }

    /// One service as it stands; `nil` where it is not known.
    func standing(of service: ServiceID) async -> ServiceStanding?

    /// All services, sorted by environment and name.
    func standings() async -> [ServiceStanding]

    /// The resources of a service whose names begin with a prefix and come after one, sorted, at most `limit`.
    func resources(
        of service: ServiceID, prefix: String, after: ResourceID?, limit: Int
    ) async throws(RPCError) -> [ResourceStanding]

    /// One resource; `nil` where it is nowhere.
    func resource(_ resource: ResourceID, of service: ServiceID) async throws(RPCError) -> ResourceStanding?

    /// Moves a resource to an instance, or to any but its own; returns once it is there.
    func move(
        _ resource: ResourceID, of service: ServiceID, to instance: InstanceID?
    ) async throws(RPCError) -> Activation

    /// Ends an instance once its calls have ended and its resources have moved; does not wait for that.
    func drain(_ instance: InstanceID, of service: ServiceID) async throws(RPCError)

    /// Lets a version that is kept take over again; returns once it is live. `newest` is the highest number of a version.
    func rollback(
        _ version: RunnableVersion, of service: ServiceID, after newest: Int,
        progress: @escaping @Sendable (DeploymentPhase) -> Void
    ) async throws(RPCError)

    /// Ends a service: its calls get their time, its instances end; then nothing of it runs, and it is not known any more.
    func remove(_ service: ServiceID) async throws(RPCError)

    /// Makes services known, each with its live version.
    func add(_ services: [(id: ServiceID, live: RunnableVersion)])

    /// Sets the bounds of a service's scaling until the host ends; `nil` brings the manifest's back.
    func setBounds(_ bounds: ScalingBounds?, of service: ServiceID) async throws(RPCError)
}

extension Supervisor: ServiceControl {}
