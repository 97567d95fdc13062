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
        /// Whether it was taken, whether or not components keep something for it.
        var isTaken = false
        /// The epoch under which it was taken, or is being taken.
        var epoch: UInt64 = 0
        var held: Held?
        /// Calls of `CloseResource` that wait for the handlers.
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private struct State: Sendable {
        var resources: [ResourceID: Resource] = [:]
        var lastWaiter: UInt64 = 0
        /// The highest term of a host that has asked what there is.
        var term: UInt32 = 0
    }

    private let state = Mutex(State())

    /// A handler begins, which ``leave(_:)`` ends.
    ///
    /// - Parameter epoch: The epoch of the activation that the call belongs to; `nil` where it came from no host.
    /// - Returns: the scope of the resource's calls, where components keep something for it.
    /// - Throws: `RPCError` (UNAVAILABLE) while the resource is being closed, and where the activation is over: the call was
    ///   long on its way.
    func enter(_ id: ResourceID, epoch: UInt64?) throws -> CallScope? {
        try state.withLock { state in
            let known = state.resources[id]
            guard known?.isClosing != true else { throw Self.closing(id) }
            if let epoch, known?.isTaken != true || known?.epoch != epoch {
                throw RPCError(
                    .resourceUnavailable, "resource \"\(id)\" is not held by this instance under epoch \(epoch)")
            }
            state.resources[id, default: Resource()].handlers += 1
            return known?.held?.scope
        }
    }

    /// The resource is being taken, which counts as a handler that ``leave(_:)`` ends.
    ///
    /// - Parameter term: The term of the host that wants it; 0 where that is not known.
    /// - Throws: `RPCError` where the resource is held already, or is being taken or closed, and where a later host has asked
    ///   what there is.
    func beginOpening(_ id: ResourceID, epoch: UInt64, term: UInt32) throws {
        try state.withLock { state in
            guard term >= state.term else { throw Self.outdated(term, state.term) }
            let known = state.resources[id]
            guard known?.isClosing != true else { throw Self.closing(id) }
            guard known?.isOpening != true, known?.held == nil else {
                throw RPCError(.conflict, "resource \"\(id)\" is held by this instance already")
            }
            state.resources[id, default: Resource()].handlers += 1
            state.resources[id]?.isOpening = true
            state.resources[id]?.epoch = epoch
        }
    }

    /// The resource is taken.
    ///
    /// - Parameter held: What components keep for it; `nil` where they keep nothing.
    func opened(_ id: ResourceID, _ held: Held?) {
        state.withLock { state in
            state.resources[id]?.isTaken = true
            state.resources[id]?.held = held
        }
    }

    /// What there is. From now on hosts of earlier terms take and close nothing any more, what is on its way from them included.
    ///
    /// - Throws: `RPCError` where a later host has asked before.
    func holdings(of instance: InstanceID, term: UInt32) throws -> InstanceHoldings {
        try state.withLock { state in
            guard term >= state.term else { throw Self.outdated(term, state.term) }
            state.term = term
            var holdings = InstanceHoldings(instance: instance)
            for (id, resource) in state.resources {
                // One without an epoch that could be is closed like any other that is not simply held.
                let known = InstanceHoldings.Resource(
                    id, Epoch(rawValue: resource.epoch) ?? Epoch(term: 0, counter: 0))
                if resource.isTaken, !resource.isOpening, !resource.isClosing {
                    holdings.held.append(known)
                } else {
                    holdings.unsettled.append(known)
                }
            }
            return holdings
        }
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
            state.resources[id] = resource.isClosing || resource.isTaken ? resource : nil
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Gives a resource up: takes no more calls for it, waits for those in progress, then runs `body`.
    ///
    /// - Parameter term: The term of the host that wants it; 0 where that is not known.
    /// - Throws: `CancellationError` when the task is cancelled while it waits (the resource stays closed to calls), `RPCError`
    ///   where a later host has asked what there is, and what `body` throws.
    func close(_ id: ResourceID, term: UInt32, _ body: (Held?) async throws -> Void) async throws {
        try await waitForHandlers(of: id, term)
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

    private func waitForHandlers(of id: ResourceID, _ term: UInt32) async throws {
        let waiter = try state.withLock { state in
            guard term >= state.term else { throw Self.outdated(term, state.term) }
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

    private static func outdated(_ term: UInt32, _ latest: UInt32) -> RPCError {
        RPCError(.conflict, "this instance belongs to the host of term \(latest): that of term \(term) has ended")
    }

    private static func closing(_ id: ResourceID) -> RPCError {
        RPCError(.resourceUnavailable, "resource \"\(id)\" is being closed on this instance")
    }
}
