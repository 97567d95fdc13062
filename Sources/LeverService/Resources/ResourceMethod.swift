public import LeverCore

/// A method of a ``ResourceService``: its body gets what the service keeps for the call's resource, then the arguments.
///
/// ```swift
/// ResourceMethod("Say") { (room: Room, text: String) in try await room.say(text) }
/// ResourceMethod("Leave") { (context: CallContext, room: Room) in … }
/// ```
///
/// Otherwise as ``Method``. A call that names no resource is refused with INVALID_ARGUMENT, one for a resource that is not held
/// here with UNAVAILABLE.
public struct ResourceMethod<State: Sendable>: Sendable {
    let part: ResourceServicePart<State>

    /// A method with a result.
    ///
    /// - Parameters:
    ///   - name: The method's name. It does not end in `Chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable, Result: Encodable & Sendable>(
        _ name: String, _ body: @escaping @concurrent @Sendable (State, repeat each Parameter) async throws -> Result
    ) {
        let signature = Signature(repeat (each Parameter).self)
        part = .method(name) { state, context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            return try RPCReply(encoding: await body(state, repeat each values))
        }
    }

    /// A method without a result, which answers `null`.
    ///
    /// - Parameters:
    ///   - name: The method's name. It does not end in `Chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable>(
        _ name: String, _ body: @escaping @concurrent @Sendable (State, repeat each Parameter) async throws -> Void
    ) {
        let signature = Signature(repeat (each Parameter).self)
        part = .method(name) { state, context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await body(state, repeat each values)
            return .result(.null)
        }
    }

    /// A method with a result, whose body gets the call first.
    ///
    /// - Parameters:
    ///   - name: The method's name. It does not end in `Chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable, Result: Encodable & Sendable>(
        _ name: String,
        _ body: @escaping @concurrent @Sendable (CallContext, State, repeat each Parameter) async throws -> Result
    ) {
        let signature = Signature(repeat (each Parameter).self)
        part = .method(name) { state, context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            return try RPCReply(encoding: await body(context, state, repeat each values))
        }
    }

    /// A method without a result, whose body gets the call first.
    ///
    /// - Parameters:
    ///   - name: The method's name. It does not end in `Chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable>(
        _ name: String,
        _ body: @escaping @concurrent @Sendable (CallContext, State, repeat each Parameter) async throws -> Void
    ) {
        let signature = Signature(repeat (each Parameter).self)
        part = .method(name) { state, context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await body(context, state, repeat each values)
            return .result(.null)
        }
    }
}
