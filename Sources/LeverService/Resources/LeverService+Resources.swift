extension LeverService {
    /// Sets what runs before the first call for a resource reaches this instance. Where it throws, the resource does not come
    /// here and its calls fail.
    ///
    /// - Parameter body: Takes the resource's name.
    public mutating func onNewResource(_ body: @escaping @concurrent @Sendable (String) async throws -> Void) {
        methods.newResource = body
    }

    /// Sets what runs when a resource leaves this instance: after the last of its handlers has returned, and before another
    /// instance may act for it.
    ///
    /// - Parameter body: Takes the resource's name.
    public mutating func onCloseResource(_ body: @escaping @concurrent @Sendable (String) async throws -> Void) {
        methods.closeResource = body
    }
}
