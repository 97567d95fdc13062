import LeverCore
import LeverRouter
import Logging

/// The services that the program around a host has registered. Each has a supervisor like any other, whose one instance is the
/// handler: so its resources are activated, closed when they are idle, and given up before the host ends, by the same rules.
actor InProcessServices {
    /// What there is while the host runs.
    struct Parts: Sendable {
        let catalog: any Catalog
        let claims: ServiceClaims
        let supervisor: Supervisor
        /// Makes an environment known that came to be.
        let environmentAdded: @Sendable (EnvironmentName) -> Void
    }

    private enum State {
        case idle
        case running(Parts)
        case ended
    }

    private struct Registration {
        let manifest: Manifest
        let driver: HandlerDriver
        var isPublished = false
    }

    private var state = State.idle
    private var registrations: [ServiceID: Registration] = [:]

    /// Registers a service: before the host runs, or while it does.
    func register(_ id: ServiceID, _ handler: any RPCHandler, description: String?, isPrivate: Bool) async throws {
        guard id.environment != .admin else {
            throw RPCError(.conflict, "environment \"\(id.environment)\" is the host's own: \(id) cannot be registered")
        }
        guard registrations[id] == nil else {
            throw RPCError(.conflict, "service \(id) is registered already")
        }
        if case .ended = state { throw RPCError(.shuttingDown, "the host has ended: \(id) cannot be registered") }
        registrations[id] = Registration(
            manifest: Manifest(
                name: id.service, description: description, isPrivate: isPrivate, minInstances: 1, maxInstances: 1),
            driver: HandlerDriver(handler))
        guard case .running(let parts) = state else { return }
        do {
            try await publish(id, parts)
        } catch {
            registrations[id] = nil
            throw error
        }
    }

    /// Takes a service out; returns once no handler of it runs any more.
    func unregister(_ id: ServiceID) async throws {
        guard let registration = registrations[id] else {
            throw RPCError(.noService, "no service \(id) is registered")
        }
        guard case .running(let parts) = state else {
            registrations[id] = nil
            return
        }
        guard registration.isPublished else {
            throw RPCError(.conflict, "service \(id) is being registered or taken out; try again in a moment")
        }
        registrations[id]?.isPublished = false
        try await parts.supervisor.remove(id)
        registrations[id] = nil
        parts.claims.unregister(id)
    }

    /// The host runs: makes known what was registered.
    ///
    /// - Throws: `RPCError` `conflict` where a service is deployed under the name of one.
    func start(_ parts: Parts) async throws {
        state = .running(parts)
        for id in Array(registrations.keys) where registrations[id]?.isPublished == false {
            try await publish(id, parts)
        }
    }

    /// The host begins to end: it does not wait for ever for handlers.
    func hostEnds() {
        for registration in registrations.values { registration.driver.hostEnds() }
    }

    /// The host has ended.
    func end() {
        state = .ended
        registrations = [:]
    }

    private func publish(_ id: ServiceID, _ parts: Parts) async throws {
        guard let registration = registrations[id] else { return }
        try parts.claims.register(id)
        do {
            if try await parts.catalog.service(id)?.liveVersion != nil {
                throw RPCError(
                    .conflict, "service \(id) is deployed: remove it, or register under another name")
            }
            if try await parts.catalog.addEnvironment(id.environment) {
                parts.supervisor.events.append(
                    .environmentAdded, id.environment, "a service of the host's process made it")
            }
        } catch {
            parts.claims.unregister(id)
            throw error
        }
        parts.environmentAdded(id.environment)
        guard parts.supervisor.add(id, registration.manifest, registration.driver) else {
            parts.claims.unregister(id)
            throw RPCError(.shuttingDown, "the host is shutting down: \(id) cannot be registered")
        }
        registrations[id]?.isPublished = true
        await parts.supervisor.settle()
    }
}
