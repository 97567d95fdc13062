public import LeverCore

/// Where a component finds what it keeps for the resource of a call. Made by
/// ``ServiceDefinition/addResourceState(open:close:)``.
public struct ResourceState<State: Sendable>: Sendable {
    let key = ResourceStateKey()

    /// The state of the resource that a call is for.
    ///
    /// - Throws: `RPCError`: INVALID_ARGUMENT where the call names no resource, UNAVAILABLE where the resource is not held by
    ///   this instance.
    public func of(_ context: CallContext) throws(RPCError) -> State {
        // The key is this component's alone, so the cast cannot fail.
        if let kept = CallScope.of(context)?.state(key), let state = kept as? State { return state }
        let url = context.url
        guard !url.resource.isEmpty else {
            let form = "\(url.service)/<resource>/\(url.method)"
            throw RPCError(
                .badMessage, "method \"\(url.method)\" needs a resource, and the call names none: call \(form)")
        }
        throw RPCError(
            .resourceUnavailable, "resource \"\(url.resource)\" of service \(url.service) is not held by this instance")
    }
}

extension ServiceDefinition {
    /// Keeps something for each resource that this service's instances hold: made when the resource comes to an instance, before
    /// the first call for it, and given up when it leaves, after the last of its handlers has returned and before another
    /// instance may act for it.
    ///
    /// ```swift
    /// let carts = service.addResourceState { resource in try await Cart(load: resource.name) }
    /// service.addMethod("Total") { context, _ in .result(.number(await carts.of(context).total)) }
    /// ```
    ///
    /// Of several the first is opened first and closed last. Where one cannot be opened, those before are closed, and the
    /// resource does not come here. A program that ends closes what it still holds.
    ///
    /// - Parameters:
    ///   - open: Makes the state. Where it throws, the resource does not come here, and its calls fail.
    ///   - close: Gives the state up. What it throws goes to the host; the resource leaves all the same.
    /// - Returns: where handlers find the state of their call's resource.
    @discardableResult
    public mutating func addResourceState<State: Sendable>(
        open: @escaping @concurrent @Sendable (ResourceContext) async throws -> State,
        close: @escaping @concurrent @Sendable (State, ResourceContext) async throws -> Void = { _, _ in }
    ) -> ResourceState<State> {
        let state = ResourceState<State>()
        keepers.append(
            ResourceKeeper(
                key: state.key, open: open,
                close: { kept, resource in
                    // It is what `open` has made.
                    if let kept = kept as? State { try await close(kept, resource) }
                }))
        return state
    }
}
