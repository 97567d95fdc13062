internal import LeverCore
internal import Synchronization

/// Counts the handlers that run for each resource, so that one is given up only after the last of them has returned, and keeps
/// what components hold for it.
final class ResourceTable: Sendable {
    /// What components keep for a resource.
    struct Held: Sendable {
        let scope: CallScope
        let resource: ResourceContext

        init(scope: CallScope, _ resource: ResourceContext) {
            self.scope = scope
            self.resource = resource
        }
    }

    private struct Resource: Sendable {
        var handlers = 0
        var isOpening = false
        var isClosing = false
        var held: Held?
        /// Calls of `CloseResource` that wait for the handlers.
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private struct State: Sendable {
        var resources: [ResourceID: Resource] = [:]
        var lastWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    /// A handler begins, which ``leave(_:)`` ends.
    ///
    /// - Returns: the scope of the resource's calls, where components keep something for it.
    /// - Throws: `RPCError` (UNAVAILABLE) while the resource is being closed.
    func enter(_ id: ResourceID) throws -> CallScope? {
        try state.withLock { state in
            guard state.resources[id]?.isClosing != true else { throw Self.closing(id) }
            state.resources[id, default: Resource()].handlers += 1
            return state.resources[id]?.held?.scope
        }
    }

    /// The resource is being taken, which counts as a handler that ``leave(_:)`` ends.
    ///
    /// - Throws: `RPCError` where the resource is held already, or is being taken or closed.
    func beginOpening(_ id: ResourceID) throws {
        try state.withLock { state in
            let known = state.resources[id]
            guard known?.isClosing != true else { throw Self.closing(id) }
            guard known?.isOpening != true, known?.held == nil else {
                throw RPCError(.conflict, "resource \"\(id)\" is held by this instance already")
            }
            state.resources[id, default: Resource()].handlers += 1
            state.resources[id]?.isOpening = true
        }
    }

    /// The resource is taken, and components keep something for it.
    func opened(_ id: ResourceID, _ held: Held) {
        state.withLock { $0.resources[id]?.held = held }
    }

    /// A handler has returned.
    ///
    /// - Parameter isOpening: Whether it was the one that takes the resource.
    func leave(_ id: ResourceID, isOpening: Bool = false) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard var resource = state.resources[id] else { return [] }
            resource.handlers -= 1
            if isOpening { resource.isOpening = false }
            guard resource.handlers == 0 else {
                state.resources[id] = resource
                return []
            }
            let waiting = Array(resource.waiting.values)
            resource.waiting = [:]
            state.resources[id] = resource.isClosing || resource.held != nil ? resource : nil
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Gives a resource up: takes no more calls for it, waits for those in progress, then runs `body`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits (the resource stays closed to calls), and
    ///   what `body` throws.
    func close(_ id: ResourceID, _ body: (Held?) async throws -> Void) async throws {
        try await waitForHandlers(of: id)
        defer { state.withLock { $0.resources[id] = nil } }
        try await body(state.withLock { $0.resources[id]?.held.take() })
    }

    /// Forgets all resources.
    ///
    /// - Returns: what components keep for them.
    func removeAll() -> [Held] {
        state.withLock { state in
            let held = state.resources.values.compactMap(\.held)
            for id in state.resources.keys { state.resources[id]?.held = nil }
            return held
        }
    }

    private func waitForHandlers(of id: ResourceID) async throws {
        let waiter = state.withLock { state in
            state.resources[id, default: Resource()].isClosing = true
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard let handlers = state.resources[id]?.handlers, handlers > 0, !Task.isCancelled else {
                        return true
                    }
                    state.resources[id]?.waiting[waiter] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.resources[id]?.waiting.removeValue(forKey: waiter) }?.resume()
        }
        let handlers = state.withLock { $0.resources[id]?.handlers ?? 0 }
        guard handlers == 0 else { throw CancellationError() }
    }

    private static func closing(_ id: ResourceID) -> RPCError {
        RPCError(.resourceUnavailable, "resource \"\(id)\" is being closed on this instance")
    }
}
