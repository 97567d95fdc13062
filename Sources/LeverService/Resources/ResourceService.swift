internal import LeverCore

/// Keeps one value for each resource that an instance holds, and has methods that get it.
///
/// ```swift
/// ResourceService { (resource: ResourceContext) in
///     try await Room(named: resource.name, epoch: resource.epoch)
/// } closing: { room in
///     try await room.save()
/// } methods: {
///     ResourceMethod("Say") { (room, text: String) in try await room.say(text) }
///     ResourceChannelMethod("FeedChan") { (room, channel) in
///         for await post in room.posts { try await channel.send(post) }
///     }
/// }
/// ```
///
/// The value, an actor or anything else that is `Sendable`, is made when the resource comes to the instance, before its first
/// call. It is closed and released when the resource leaves, after the last of its handlers has returned and before another
/// instance may act for it, so at no time two of them exist for one resource. A program that ends closes those that it has.
///
/// Every resource of the service gets one: where a service has several kinds of resources, the name says which it is.
public struct ResourceService<State: Sendable>: ServiceComponent {
    private let open: @concurrent @Sendable (ResourceContext) async throws -> State
    private let close: @concurrent @Sendable (State) async throws -> Void
    private let parts: [ResourceServicePart<State>]

    /// Makes the component.
    ///
    /// - Parameters:
    ///   - open: Makes the value for a resource. Where it throws, the resource does not come here, and its calls fail.
    ///   - closing: What is done before the value is released. What it throws goes to the host; the resource leaves all the
    ///     same.
    ///   - methods: The methods, whose bodies get the value.
    public init(
        _ open: @escaping @concurrent @Sendable (ResourceContext) async throws -> State,
        closing: @escaping @concurrent @Sendable (State) async throws -> Void = { _ in },
        @ResourceMethodBuilder<State> methods: () -> [ResourceServicePart<State>]
    ) {
        self.open = open
        close = closing
        parts = methods()
    }

    /// Adds the methods and the resources' life to a service.
    public func add(to service: inout ServiceDefinition) {
        let states = service.addResourceState(open: open, close: { [close] state, _ in try await close(state) })
        for part in parts {
            switch part.kind {
            case .method(let handler):
                service.addMethod(part.name) { context, arguments in
                    try await handler(states.of(context), context, arguments)
                }
            case .channelMethod(let handler):
                service.addChannelMethod(part.name) { context, arguments, channel in
                    try await handler(states.of(context), context, arguments, channel)
                }
            }
        }
    }
}
