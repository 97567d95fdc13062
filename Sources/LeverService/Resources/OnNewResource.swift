/// Runs when a resource comes to an instance, before the first call for it. Where it throws, the resource does not come there and
/// its calls fail.
///
/// ```swift
/// OnNewResource { resource in try await lock(resource.name, epoch: resource.epoch) }
/// ```
public struct OnNewResource: ServiceComponent {
    private let body: @concurrent @Sendable (ResourceContext) async throws -> Void

    /// Runs a closure or function for each resource that comes.
    public init(_ body: @escaping @concurrent @Sendable (ResourceContext) async throws -> Void) {
        self.body = body
    }

    /// Adds the hook to a service.
    public func add(to service: inout ServiceDefinition) {
        service.addResourceState(open: body)
    }
}

/// Runs when a resource leaves an instance: after the last of its handlers has returned, and before another instance may act for
/// it.
///
/// ```swift
/// OnCloseResource { resource in try await flush(resource.name) }
/// ```
public struct OnCloseResource: ServiceComponent {
    private let body: @concurrent @Sendable (ResourceContext) async throws -> Void

    /// Runs a closure or function for each resource that leaves.
    public init(_ body: @escaping @concurrent @Sendable (ResourceContext) async throws -> Void) {
        self.body = body
    }

    /// Adds the hook to a service.
    public func add(to service: inout ServiceDefinition) {
        service.addResourceState(open: { _ in }, close: { [body] _, resource in try await body(resource) })
    }
}
