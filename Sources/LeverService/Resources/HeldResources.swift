internal import LeverCore
internal import Logging

/// The resources that one instance holds: opened and closed by the host, counted by ``ResourceTable``.
struct HeldResources: Sendable {
    private let keepers: [ResourceKeeper]
    private let table = ResourceTable()
    /// The scope of calls without a resource, and of all where no component keeps anything.
    private let common: CallScope

    init(_ keepers: [ResourceKeeper], logger: Logger) {
        self.keepers = keepers
        common = CallScope(logger: logger)
    }

    /// Runs a handler, with the scope of its resource.
    ///
    /// - Throws: `RPCError` (UNAVAILABLE) while the resource is being closed, and what `body` throws.
    func hold<Result: Sendable>(
        _ context: CallContext, _ body: (CallContext) async throws -> Result
    ) async throws -> Result {
        var context = context
        context.scope = common
        guard !context.url.resource.isEmpty else { return try await body(context) }
        let id = ResourceID(context.url.resource)
        if let scope = try table.enter(id) { context.scope = scope }
        defer { table.leave(id) }
        return try await body(context)
    }

    /// Takes a resource. It acts for it as any handler does, so closing waits for it, too.
    ///
    /// - Throws: `RPCError` where the resource is held already or is being closed, and what a component throws.
    func open(_ name: String, epoch: UInt64?) async throws {
        let id = ResourceID(name)
        let resource = ResourceContext(name: name, epoch: epoch ?? 0, logger: common.logger)
        try table.beginOpening(id)
        defer { table.leave(id, isOpening: true) }
        var states: [(key: ResourceStateKey, state: any Sendable)] = []
        do {
            for keeper in keepers { states.append((keeper.key, try await keeper.open(resource))) }
        } catch {
            await undo(states, resource)
            throw error
        }
        if !states.isEmpty {
            table.opened(id, ResourceTable.Held(scope: CallScope(logger: common.logger, states: states), resource))
        }
    }

    /// Gives a resource up: takes no more calls for it, waits for those in progress, then closes what components keep.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits (the resource stays closed to calls), and
    ///   what a component throws.
    func close(_ name: String) async throws {
        try await table.close(ResourceID(name)) { held in
            if let held { try await closeStates(held) }
        }
    }

    /// Gives all resources up that are held, without waiting for their handlers. Failures are logged.
    func closeAll() async {
        let held = table.removeAll()
        await withDiscardingTaskGroup { group in
            for held in held {
                group.addTask {
                    do {
                        try await closeStates(held)
                    } catch {
                        log(error, held.resource)
                    }
                }
            }
        }
    }

    /// Closes in the opposite order, all of them though one fails.
    private func closeStates(_ held: ResourceTable.Held) async throws {
        var failure: (any Error)?
        for keeper in keepers.reversed() {
            guard let state = held.scope.state(keeper.key) else { continue }
            do {
                try await keeper.close(state, held.resource)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private func undo(
        _ states: [(key: ResourceStateKey, state: any Sendable)], _ resource: ResourceContext
    ) async {
        do {
            try await closeStates(ResourceTable.Held(scope: CallScope(logger: common.logger, states: states), resource))
        } catch {
            log(error, resource)
        }
    }

    private func log(_ error: any Error, _ resource: ResourceContext) {
        resource.logger.error("a resource could not be closed", metadata: ["lever.error": "\(error)"])
    }
}
