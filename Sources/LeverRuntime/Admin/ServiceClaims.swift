import LeverCore
import Synchronization

/// Who works on which service: any number of deployments and rollbacks at once, or one removal alone. And which versions they
/// have in hand, so that nobody prunes them.
package final class ServiceClaims: Sendable {
    private struct State {
        /// Deployments and rollbacks of each service.
        var shared: [ServiceID: Int] = [:]
        /// Those who make an environment exist.
        var sharedEnvironments: [EnvironmentName: Int] = [:]
        var versions: [ServiceID: [Int: Int]] = [:]
        var removedServices: Set<ServiceID> = []
        var removedEnvironments: Set<EnvironmentName> = []
        /// Services that the program around the host has registered.
        var inProcess: Set<ServiceID> = []
    }

    private let state = Mutex(State())

    package init() {}

    // MARK: Services

    /// Begins a deployment or a rollback; ``leave(_:)`` ends it.
    ///
    /// - Throws: `RPCError` `conflict` while the service or its environment is being removed.
    func enter(_ id: ServiceID) throws(RPCError) {
        try state.withLock { state throws(RPCError) in
            try Self.checkIsDeployed(id, state)
            try Self.checkNotRemoved(id, state)
            state.shared[id, default: 0] += 1
        }
    }

    /// Takes a name for a service of the host's process, until ``unregister(_:)``.
    ///
    /// - Throws: `RPCError` `conflict` while somebody works on a service of this name, or its environment is being removed.
    func register(_ id: ServiceID) throws(RPCError) {
        try state.withLock { state throws(RPCError) in
            try Self.checkNotRemoved(id, state)
            guard state.shared[id] == nil else { throw Self.busy(id) }
            state.inProcess.insert(id)
        }
    }

    /// Gives a name back that ``register(_:)`` took.
    func unregister(_ id: ServiceID) {
        state.withLock { _ = $0.inProcess.remove(id) }
    }

    /// Refuses to change a service of the host's process.
    func checkIsDeployed(_ id: ServiceID) throws(RPCError) {
        try state.withLock { state throws(RPCError) in try Self.checkIsDeployed(id, state) }
    }

    private static func checkIsDeployed(_ id: ServiceID, _ state: State) throws(RPCError) {
        guard !state.inProcess.contains(id) else {
            throw RPCError(
                .conflict,
                "service \(id) is in the host's own process: only the program that registered it can change it")
        }
    }

    /// Begins to make an environment exist; ``leave(_:)-(EnvironmentName)`` ends it.
    ///
    /// - Throws: `RPCError` `conflict` while it is being removed.
    func enter(_ environment: EnvironmentName) throws(RPCError) {
        try state.withLock { state throws(RPCError) in
            try Self.checkNotRemoved(environment, state)
            state.sharedEnvironments[environment, default: 0] += 1
        }
    }

    /// Ends what ``enter(_:)-(EnvironmentName)`` began.
    func leave(_ environment: EnvironmentName) {
        state.withLock { state in
            let left = state.sharedEnvironments[environment, default: 1] - 1
            state.sharedEnvironments[environment] = left > 0 ? left : nil
        }
    }

    /// Ends what ``enter(_:)`` began.
    func leave(_ id: ServiceID) {
        state.withLock { state in
            let left = state.shared[id, default: 1] - 1
            state.shared[id] = left > 0 ? left : nil
        }
    }

    /// Begins the removal of a service; ``release(_:)`` ends it.
    ///
    /// - Throws: `RPCError` `conflict` while somebody else works on it.
    func claim(_ id: ServiceID) throws(RPCError) {
        try state.withLock { state throws(RPCError) in
            try Self.checkIsDeployed(id, state)
            try Self.checkNotRemoved(id, state)
            guard state.shared[id] == nil else { throw Self.busy(id) }
            state.removedServices.insert(id)
        }
    }

    /// Ends what ``claim(_:)-(ServiceID)`` began.
    func release(_ id: ServiceID) {
        state.withLock { _ = $0.removedServices.remove(id) }
    }

    /// Begins the removal of an environment with all that is in it; ``release(_:)`` ends it.
    ///
    /// - Throws: `RPCError` `conflict` while somebody else works on it or on a service of it.
    func claim(_ environment: EnvironmentName) throws(RPCError) {
        try state.withLock { state throws(RPCError) in
            guard state.sharedEnvironments[environment] == nil else {
                throw RPCError(.conflict, "environment \"\(environment)\" is being added; try again in a moment")
            }
            if let busy = state.shared.keys.first(where: { $0.environment == environment }) { throw Self.busy(busy) }
            if let own = state.inProcess.first(where: { $0.environment == environment }) {
                try Self.checkIsDeployed(own, state)
            }
            let isRemoved =
                state.removedEnvironments.contains(environment)
                || state.removedServices.contains { $0.environment == environment }
            guard !isRemoved else {
                throw RPCError(.conflict, "environment \"\(environment)\" or a service of it is being removed already")
            }
            state.removedEnvironments.insert(environment)
        }
    }

    /// Ends what ``claim(_:)-(EnvironmentName)`` began.
    func release(_ environment: EnvironmentName) {
        state.withLock { _ = $0.removedEnvironments.remove(environment) }
    }

    private static func checkNotRemoved(_ id: ServiceID, _ state: State) throws(RPCError) {
        guard !state.removedServices.contains(id) else {
            throw RPCError(.conflict, "service \(id) is being removed; try again in a moment")
        }
        try checkNotRemoved(id.environment, state)
    }

    private static func checkNotRemoved(_ environment: EnvironmentName, _ state: State) throws(RPCError) {
        guard !state.removedEnvironments.contains(environment) else {
            throw RPCError(.conflict, "environment \"\(environment)\" is being removed; try again in a moment")
        }
    }

    private static func busy(_ id: ServiceID) -> RPCError {
        RPCError(.conflict, "a version of \(id) is taking over; try again once it has")
    }

    // MARK: Versions

    /// Keeps a version from being pruned until ``release(_:of:)``.
    func hold(_ version: Int, of id: ServiceID) {
        state.withLock { $0.versions[id, default: [:]][version, default: 0] += 1 }
    }

    /// Takes a ``hold(_:of:)`` back.
    func release(_ version: Int, of id: ServiceID) {
        state.withLock { state in
            let left = state.versions[id, default: [:]][version, default: 1] - 1
            state.versions[id, default: [:]][version] = left > 0 ? left : nil
            if state.versions[id]?.isEmpty == true { state.versions[id] = nil }
        }
    }

    /// Versions that are held.
    func held(of id: ServiceID) -> Set<Int> {
        state.withLock { Set($0.versions[id, default: [:]].keys) }
    }
}
