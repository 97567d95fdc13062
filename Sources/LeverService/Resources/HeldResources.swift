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
        if let scope = try table.enter(id, epoch: context.epoch) { context.scope = scope }
        defer { table.leave(id) }
        return try await body(context)
    }

    /// Takes a resource. It acts for it as any handler does, so closing waits for it, too.
    ///
    /// - Throws: `RPCError` where the resource is held already or is being closed, and what a component throws.
    func open(_ name: String, epoch: UInt64?, term: UInt32) async throws {
        let id = ResourceID(name)
        let resource = ResourceContext(name: name, epoch: epoch ?? 0, logger: common.logger)
        try table.beginOpening(id, epoch: epoch ?? 0, term: term)
        defer { table.leave(id, isOpening: true) }
        var states: [(key: ResourceStateKey, state: any Sendable)] = []
        do {
            for keeper in keepers { states.append((keeper.key, try await keeper.open(resource))) }
        } catch {
            await undo(states, resource)
            throw error
        }
        let scope = states.isEmpty ? nil : CallScope(logger: common.logger, states: states)
        table.opened(id, scope.map { ResourceTable.Held(scope: $0, resource) })
    }

    /// Gives a resource up: takes no more calls for it, waits for those in progress, then closes what components keep.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits (the resource stays closed to calls), and
    ///   what a component throws.
    func close(_ name: String, term: UInt32) async throws {
        try await table.close(ResourceID(name), term: term) { held in
            if let held { try await closeStates(held) }
        }
    }

    /// What there is, for the host of a term; those of earlier terms take and close nothing any more.
    ///
    /// - Throws: `RPCError` where a later host has asked before.
    func holdings(of instance: InstanceID, term: UInt32) throws -> InstanceHoldings {
        try table.holdings(of: instance, term: term)
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
