internal import LeverCore
internal import Synchronization

/// Counts the handlers that run for each resource, so that one is given up only after the last of them has returned.
final class ResourceTable: Sendable {
    private struct Resource: Sendable {
        var handlers = 0
        var isClosing = false
        /// Calls of `CloseResource` that wait for the handlers.
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private struct State: Sendable {
        var resources: [ResourceID: Resource] = [:]
        var lastWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Runs a handler for a resource; for the empty one without further ado.
    ///
    /// - Throws: ``RPCError`` (UNAVAILABLE) while the resource is being closed, and what `body` throws.
    func hold<Result: Sendable>(_ resource: String, _ body: () async throws -> Result) async throws -> Result {
        guard !resource.isEmpty else { return try await body() }
        let id = ResourceID(resource)
        try enter(id)
        defer { leave(id) }
        return try await body()
    }

    /// Gives a resource up: takes no more calls for it, waits for those in progress, then runs `body`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits (the resource stays closed to calls), and
    ///   what `body` throws.
    func close(_ resource: String, _ body: () async throws -> Void) async throws {
        let id = ResourceID(resource)
        try await waitForHandlers(of: id)
        defer { state.withLock { $0.resources[id] = nil } }
        try await body()
    }

    private func enter(_ id: ResourceID) throws {
        try state.withLock { state in
            guard state.resources[id]?.isClosing != true else { throw Self.closing(id) }
            state.resources[id, default: Resource()].handlers += 1
        }
    }

    private func leave(_ id: ResourceID) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard var resource = state.resources[id] else { return [] }
            resource.handlers -= 1
            guard resource.handlers == 0 else {
                state.resources[id] = resource
                return []
            }
            let waiting = Array(resource.waiting.values)
            resource.waiting = [:]
            state.resources[id] = resource.isClosing ? resource : nil
            return waiting
        }
        for continuation in waiting { continuation.resume() }
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
