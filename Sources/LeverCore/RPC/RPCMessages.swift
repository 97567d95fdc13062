/// What a call carries to its method: the message `RPC`.
public enum RPCArguments: Sendable, Hashable {
    /// Zero or more values, one for each parameter.
    case values([LeverValue])
    /// One byte argument.
    case bytes([UInt8])
}

/// What a method answers: the message `RPCReply`.
///
/// An error here is the method's own and travels with gRPC status 0; every other failure is an ``RPCError``.
public enum RPCReply: Sendable, Hashable {
    case result(LeverValue)
    case bytes([UInt8])
    case error(LeverValue)
    case errorBytes([UInt8])
}

/// What travels either way in an open channel.
public enum ChannelMessage: Sendable, Hashable {
    case value(LeverValue)
    case bytes([UInt8])
    /// The method's own error; the channel ends after it.
    case error(LeverValue)
    /// The method's own error as bytes; the channel ends after it.
    case errorBytes([UInt8])
}

/// One message of a streaming call: the message `StreamMessage`.
public enum StreamMessage: Sendable, Hashable {
    /// The caller's first message: the arguments.
    case open(RPCArguments)
    /// The service's first message, by which it accepts the channel: nothing set at all.
    case accepted
    /// All that comes after.
    case message(ChannelMessage)
}
