import LeverCore
import Synchronization

@testable import LeverRuntime

/// Services that stand as the test says, and that note what is asked of them.
final class FakeControl: ServiceControl {
    struct State {
        var standings: [ServiceID: ServiceStanding] = [:]
        var resources: [ResourceStanding] = []
        /// What the next change throws.
        var failure: RPCError?
        var asked: [String] = []
        /// Runs within `remove`.
        var onRemove: (@Sendable () async -> Void)?
    }

    let events = EventLog()
    let state = Mutex(State())

    /// What was asked, in order.
    var asked: [String] { state.withLock { $0.asked } }

    /// A service with instances.
    func run(_ id: ServiceID, live: Int?, instances: [(String, Int, InstanceState)] = []) {
        let standing = ServiceStanding(
            id: id, liveVersion: live, deploying: nil,
            instances: instances.map { name, version, state in
                InstanceStanding(
                    id: InstanceID(name), service: id, version: version, state: state, isResponsive: true, calls: 2,
                    resources: 3, age: .milliseconds(1500),
                    startTime: state == .starting ? nil : .milliseconds(250),
                    startPhases: [StartPhase("create", .milliseconds(150)), StartPhase("connect", .milliseconds(50))])
            }, waitingCalls: 4, resources: 5, bounds: ScalingBounds(), hasOwnBounds: false)
        state.withLock { $0.standings[id] = standing }
    }

    private func note(_ text: String) throws(RPCError) {
        let failure = state.withLock { state in
            state.asked.append(text)
            defer { state.failure = nil }
            return state.failure
        }
        if let failure { throw failure }
    }

    func standing(of service: ServiceID) async -> ServiceStanding? { state.withLock { $0.standings[service] } }

    func standings() async -> [ServiceStanding] {
        state.withLock { $0.standings.values.sorted { $0.id.description < $1.id.description } }
    }

    func resources(
        of service: ServiceID, prefix: String, after: ResourceID?, limit: Int
    ) async throws(RPCError) -> [ResourceStanding] {
        try note("resources \(prefix) \(after?.rawValue ?? "-") \(limit)")
        return state.withLock { state in
            Array(
                state.resources.filter { resource in
                    resource.resource.rawValue.hasPrefix(prefix) && after.map { $0 < resource.resource } ?? true
                }.prefix(limit))
        }
    }

    func resource(_ resource: ResourceID, of service: ServiceID) async throws(RPCError) -> ResourceStanding? {
        state.withLock { $0.resources.first { $0.resource == resource } }
    }

    func move(
        _ resource: ResourceID, of service: ServiceID, to instance: InstanceID?
    ) async throws(RPCError) -> Activation {
        try note("move \(resource) \(instance?.rawValue ?? "-")")
        return Activation(instance: instance ?? InstanceID("other"), epoch: Epoch(term: 3, counter: 7))
    }

    func drain(_ instance: InstanceID, of service: ServiceID) async throws(RPCError) {
        try note("drain \(instance)")
    }

    func rollback(
        _ version: RunnableVersion, of service: ServiceID, after newest: Int,
        progress: @escaping @Sendable (DeploymentPhase) -> Void
    ) async throws(RPCError) {
        progress(.starting)
        try note("rollback \(version.number) after \(newest)")
        progress(.ready)
    }

    func remove(_ service: ServiceID) async throws(RPCError) {
        if let body = state.withLock({ $0.onRemove }) { await body() }
        try note("remove \(service)")
        guard state.withLock({ $0.standings.removeValue(forKey: service) }) != nil else {
            throw RPCError(.noService, "there is no service \(service)")
        }
    }

    func add(_ services: [(id: ServiceID, live: RunnableVersion)]) {
        for service in services {
            state.withLock { $0.asked.append("add \(service.id) \(service.live.number)") }
            run(service.id, live: service.live.number)
        }
    }

    func setBounds(_ bounds: ScalingBounds?, of service: ServiceID) async throws(RPCError) {
        try note("bounds \(bounds.map { "\($0.minInstances)-\($0.maxInstances)" } ?? "-")")
        state.withLock { state in
            state.standings[service]?.bounds = bounds ?? ScalingBounds()
            state.standings[service]?.hasOwnBounds = bounds != nil
        }
    }
}
