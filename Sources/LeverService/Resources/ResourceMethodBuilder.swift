package import LeverCore

/// Makes the methods of a ``ResourceService`` of those that are written below each other; `if`, `switch` and `for` may stand
/// between them.
@resultBuilder public enum ResourceMethodBuilder<State: Sendable> {
    /// What the statements become.
    public typealias Parts = [ResourceServicePart<State>]

    /// A method.
    public static func buildExpression(_ method: ResourceMethod<State>) -> Parts { [method.part] }

    /// A channel method.
    public static func buildExpression(_ method: ResourceChannelMethod<State>) -> Parts { [method.part] }

    /// Methods below each other.
    public static func buildBlock(_ parts: Parts...) -> Parts { parts.flatMap { $0 } }

    /// `for`.
    public static func buildArray(_ parts: [Parts]) -> Parts { parts.flatMap { $0 } }

    /// `if` without `else`.
    public static func buildOptional(_ part: Parts?) -> Parts { part ?? [] }

    /// `if`.
    public static func buildEither(first part: Parts) -> Parts { part }

    /// `else`.
    public static func buildEither(second part: Parts) -> Parts { part }

    /// `if #available`.
    public static func buildLimitedAvailability(_ part: Parts) -> Parts { part }
}

/// A method or channel method of a ``ResourceService``.
public struct ResourceServicePart<State: Sendable>: Sendable {
    package typealias MethodHandler = @concurrent @Sendable (State, CallContext, RPCArguments) async throws -> RPCReply
    package typealias ChannelHandler =
        @concurrent @Sendable (State, CallContext, RPCArguments, any RPCChannel) async throws -> Void

    package enum Kind: Sendable {
        case method(MethodHandler)
        case channelMethod(ChannelHandler)
    }

    package let name: String
    package let kind: Kind

    static func method(_ name: String, _ handler: @escaping MethodHandler) -> Self {
        Self(name: name, kind: .method(handler))
    }

    static func channelMethod(_ name: String, _ handler: @escaping ChannelHandler) -> Self {
        Self(name: name, kind: .channelMethod(handler))
    }
}
