/// What one component does when a resource comes to an instance and when it leaves.
struct ResourceKeeper: Sendable {
    let key: ResourceStateKey
    let open: @concurrent @Sendable (ResourceContext) async throws -> any Sendable
    let close: @concurrent @Sendable (any Sendable, ResourceContext) async throws -> Void
}
