public import LeverCore

/// A channel method: a name, and a closure or function that serves its channels.
///
/// ```swift
/// ChannelMethod("EchoChan") { channel in
///     for try await message in channel { try await channel.send(message) }
/// }
/// ChannelMethod("TicksChan") { (channel, every: Int) in
///     for tick in 0... {
///         try await channel.send(tick)
///         try await Task.sleep(for: .milliseconds(every))
///     }
/// }
/// ```
///
/// After the channel come parameters as those of a ``Method``. Once the arguments fit, the channel is open for as long as the
/// body runs: returning ends it, throwing ends it with the error; the task is cancelled when the caller goes away. Sending
/// waits while the caller does not keep up, and what the body does not receive holds the caller back.
public struct ChannelMethod: ServiceComponent {
    private let name: String
    private let handler: ServiceDefinition.ChannelHandler

    /// A channel method.
    ///
    /// - Parameters:
    ///   - name: The method's name, which ends in `Chan` or `_chan`, or is `chan`.
    ///   - body: What the method does; `channel.url.resource` is the resource.
    public init<each Parameter: Decodable & Sendable>(
        _ name: String,
        _ body: @escaping @concurrent @Sendable (LeverChannel, repeat each Parameter) async throws -> Void
    ) {
        self.name = name
        let signature = Signature(repeat (each Parameter).self)
        handler = { context, arguments, channel in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await channel.accept()
            try await body(LeverChannel(channel, url: context.url, isCallers: false), repeat each values)
        }
    }

    /// A channel method whose body gets the call first.
    ///
    /// - Parameters:
    ///   - name: The method's name, which ends in `Chan` or `_chan`, or is `chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable>(
        _ name: String,
        _ body: @escaping @concurrent @Sendable (CallContext, LeverChannel, repeat each Parameter) async throws -> Void
    ) {
        self.name = name
        let signature = Signature(repeat (each Parameter).self)
        handler = { context, arguments, channel in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await channel.accept()
            try await body(context, LeverChannel(channel, url: context.url, isCallers: false), repeat each values)
        }
    }

    /// Adds the method to a service.
    public func add(to service: inout ServiceDefinition) {
        service.addChannelMethod(name, handler)
    }
}
