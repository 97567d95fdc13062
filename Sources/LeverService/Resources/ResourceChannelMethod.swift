public import LeverCore

/// A channel method of a ``ResourceService``: its body gets what the service keeps for the call's resource, the channel, and the
/// arguments.
///
/// ```swift
/// ResourceChannelMethod("FeedChan") { (room: Room, channel, since: Int?) in
///     for await post in room.posts(since: since) { try await channel.send(post) }
/// }
/// ```
///
/// Otherwise as ``ChannelMethod``, and refused as a ``ResourceMethod`` is.
public struct ResourceChannelMethod<State: Sendable>: Sendable {
    let part: ResourceServicePart<State>

    /// A channel method.
    ///
    /// - Parameters:
    ///   - name: The method's name, which ends in `Chan` or `_chan`, or is `chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable>(
        _ name: String,
        _ body: @escaping @concurrent @Sendable (State, LeverChannel, repeat each Parameter) async throws -> Void
    ) {
        let signature = Signature(repeat (each Parameter).self)
        part = .channelMethod(name) { state, context, arguments, channel in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await channel.accept()
            try await body(state, LeverChannel(channel, url: context.url, isCallers: false), repeat each values)
        }
    }

    /// A channel method whose body gets the call first.
    ///
    /// - Parameters:
    ///   - name: The method's name, which ends in `Chan` or `_chan`, or is `chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable>(
        _ name: String,
        _ body:
            @escaping @concurrent @Sendable (CallContext, State, LeverChannel, repeat each Parameter) async throws
            -> Void
    ) {
        let signature = Signature(repeat (each Parameter).self)
        part = .channelMethod(name) { state, context, arguments, channel in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await channel.accept()
            let channel = LeverChannel(channel, url: context.url, isCallers: false)
            try await body(context, state, channel, repeat each values)
        }
    }
}
