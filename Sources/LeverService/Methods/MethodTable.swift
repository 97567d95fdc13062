internal import LeverCore

/// What a service has registered.
struct MethodTable: Sendable {
    typealias Unary = @Sendable (CallContext, RPCArguments) async throws -> RPCReply
    typealias Channel = @Sendable (CallContext, RPCArguments, any RPCChannel) async throws -> Void
    typealias ResourceHook = @Sendable (String) async throws -> Void

    private(set) var unary: [MethodName: Unary] = [:]
    private(set) var channels: [MethodName: Channel] = [:]
    var newResource: ResourceHook?
    var closeResource: ResourceHook?

    mutating func add(unary name: String, _ body: @escaping Unary) {
        let name = Self.checked(name)
        precondition(!name.isChannel, "\"\(name)\" is the name of a channel method: add it with channel(_:_:)")
        precondition(
            name != .newResource && name != .closeResource,
            "\"\(name)\" is called by the host: use onNewResource or onCloseResource")
        precondition(unary.updateValue(body, forKey: name) == nil, "there are two methods \"\(name)\"")
    }

    mutating func add(channel name: String, _ body: @escaping Channel) {
        let name = Self.checked(name)
        precondition(name.isChannel, "\"\(name)\" is no name of a channel method: it should end in Chan")
        precondition(channels.updateValue(body, forKey: name) == nil, "there are two methods \"\(name)\"")
    }

    /// A malformed name is a mistake of the program, which would show only when nobody could call the method.
    private static func checked(_ name: String) -> MethodName {
        do throws(RPCError) {
            return try MethodName(name)
        } catch {
            preconditionFailure(error.message)
        }
    }
}
