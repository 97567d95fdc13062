package import LeverCore
import LeverRouter

/// An instance as it stands.
package struct InstanceStanding: Sendable {
    package var id: InstanceID
    package var service: ServiceID
    package var version: Int
    package var state: InstanceState
    /// Whether it answered when it was last asked.
    package var isResponsive: Bool
    /// Calls and channels in it.
    package var calls: Int
    /// Resources on it.
    package var resources: Int
    /// The time since its start.
    package var age: Duration
    /// From its start to its first answer; `nil` before that.
    package var startTime: Duration?
    /// The parts of that, in their order.
    package var startPhases: [StartPhase] = []
}

/// A service as it stands.
package struct ServiceStanding: Sendable {
    package var id: ServiceID
    package var liveVersion: Int?
    /// The version that is taking over.
    package var deploying: Int?
    package var instances: [InstanceStanding]
    /// Calls that wait for an instance or a resource.
    package var waitingCalls: Int
    /// Resources that are not inactive.
    package var resources: Int
    package var bounds: ScalingBounds
    /// Whether an administrator has set the bounds, in place of the manifest's.
    package var hasOwnBounds: Bool
    /// What it says of itself, where it is in the host's process and in no catalog.
    package var inProcess: Manifest?
}

/// A resource as it stands.
package struct ResourceStanding: Sendable {
    package var resource: ResourceID
    package var phase: ActivationMachine.Phase
    /// Where it is, or is on its way to or from.
    package var instance: InstanceID?
    package var epoch: Epoch?
    /// Calls and channels in it.
    package var calls: Int
}

// What the administration looks at and asks for.
extension Supervisor {
    /// What the host did lately.
    package var events: EventLog { context.events }

    /// One service as it stands; `nil` where there is none.
    package func standing(of service: ServiceID) async -> ServiceStanding? {
        guard let supervisor = known(service) else { return nil }
        return await supervisor.standing
    }

    /// All services, sorted by environment and name.
    package func standings() async -> [ServiceStanding] {
        var all: [ServiceStanding] = []
        for supervisor in known() { all.append(await supervisor.standing) }
        return all.sorted { $0.id.description < $1.id.description }
    }

    /// The resources of a service whose names begin with a prefix and come after one, sorted, at most `limit`.
    package func resources(
        of service: ServiceID, prefix: String, after: ResourceID?, limit: Int
    ) async throws(RPCError) -> [ResourceStanding] {
        try await found(service).resources(prefix: prefix, after: after, limit: limit)
    }

    /// One resource; `nil` where it is inactive.
    package func resource(
        _ resource: ResourceID, of service: ServiceID
    ) async throws(RPCError) -> ResourceStanding? {
        try await found(service).standing(of: resource)
    }

    /// Moves a resource to an instance, or to any but its own; returns once it is there.
    package func move(
        _ resource: ResourceID, of service: ServiceID, to instance: InstanceID?
    ) async throws(RPCError) -> Activation {
        try await found(service).move(resource, to: instance)
    }

    /// Ends an instance once its calls have ended and its resources have moved.
    package func drain(_ instance: InstanceID, of service: ServiceID) async throws(RPCError) {
        try await found(service).retire(instance)
    }

    /// Lets a version that was live before take over again; `newest` is the highest version number there is.
    package func rollback(
        _ version: RunnableVersion, of service: ServiceID, after newest: Int,
        progress: @escaping @Sendable (DeploymentPhase) -> Void = { _ in }
    ) async throws(RPCError) {
        try await found(service).rollback(version, newest: newest, progress: progress)
    }

    /// Sets the bounds of a service's scaling until the host ends; `nil` brings the manifest's back.
    package func setBounds(_ bounds: ScalingBounds?, of service: ServiceID) async throws(RPCError) {
        await (try found(service)).setBounds(bounds)
    }

    private func found(_ service: ServiceID) throws(RPCError) -> ServiceSupervisor {
        guard let supervisor = known(service) else { throw RPCError(.noService, "there is no service \(service)") }
        return supervisor
    }
}

extension ServiceSupervisor {
    var standing: ServiceStanding {
        ServiceStanding(
            id: service, liveVersion: controller.liveVersion, deploying: controller.deployingVersion,
            instances: controller.instances.map { instance in
                InstanceStanding(
                    id: instance.id, service: service, version: instance.version, state: instance.state,
                    isResponsive: instance.isResponsive,
                    calls: instances[instance.id]?.route?.gate.inFlight ?? 0,
                    resources: directory.resourceCount(on: instance.id),
                    age: instances[instance.id].map { .now - $0.started } ?? .zero,
                    startTime: instance.startTime, startPhases: instances[instance.id]?.phases ?? [])
            },
            waitingCalls: context.router.waitingRoom.count(service), resources: directory.count, bounds: bounds,
            hasOwnBounds: ownBounds != nil, inProcess: context.isInProcess ? versions[1]?.manifest : nil)
    }

    /// Whether no version of the service has ever been live, and none is about to be.
    var wasNeverLive: Bool { controller.liveVersion == nil && waiters.isEmpty }

    func resources(prefix: String, after: ResourceID?, limit: Int) -> [ResourceStanding] {
        directory.page(prefix: prefix, after: after, limit: limit).map(describe)
    }

    func standing(of resource: ResourceID) -> ResourceStanding? {
        directory.standing(of: resource).map(describe)
    }

    private func describe(_ standing: ResourceDirectory.Standing) -> ResourceStanding {
        ResourceStanding(
            resource: standing.resource, phase: standing.phase, instance: standing.activation?.instance,
            epoch: standing.activation?.epoch, calls: activations[standing.resource]?.gate.inFlight ?? 0)
    }

    func move(_ resource: ResourceID, to instance: InstanceID?) async throws(RPCError) -> Activation {
        let result = await withCheckedContinuation { continuation in
            guard !hasStopped else {
                return continuation.resume(returning: Result<Activation, RPCError>.failure(stoppedError))
            }
            guard moves[resource] == nil else {
                let error = RPCError(.conflict, "resource \"\(resource)\" of \(service) is being moved already")
                return continuation.resume(returning: Result<Activation, RPCError>.failure(error))
            }
            moves[resource] = [continuation]
            handle(.move(resource, to: instance, window: context.bounds.resources.moveWindow))
        }
        return try result.get()
    }

    func retire(_ instance: InstanceID) throws(RPCError) {
        guard let known = controller.instances.first(where: { $0.id == instance }) else {
            throw RPCError(.noResource, "service \(service) has no instance \"\(instance)\"")
        }
        guard known.state == .ready || known.state == .draining else {
            throw RPCError(.conflict, "instance \(instance) of \(service) is \(known.state.word)")
        }
        handle(ServiceController.Event.retire(instance))
    }

    func setBounds(_ bounds: ScalingBounds?) {
        ownBounds = bounds
        note(.boundsSet, bounds.map { "\($0.minInstances) to \($0.maxInstances) instances" } ?? "as the manifest says")
        lookNow()
    }
}
