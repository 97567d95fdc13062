public import LeverCore

/// A method: a name, and a closure or function that answers its calls.
///
/// ```swift
/// Method("SayHello") { (name: String) in "Hello, \(name)!" }
/// Method("Move") { (context: CallContext, to: Place, speed: Double?) async throws -> Route in … }
/// Method("Compress", compress)
/// ```
///
/// Each parameter is anything decodable and takes one argument of the call; trailing optional ones may be left out. Arguments
/// that do not fit are refused before the body runs. A method with one parameter that is a collection of bytes (`[UInt8]`,
/// `Data`) takes a byte argument, and a result that is one is answered as bytes. Within the body `CallContext.current` is the
/// call; a body whose first parameter is a `CallContext` gets it there.
///
/// What the body throws reaches the caller so: ``ServiceError``, `MethodError`s and `RemoteError` as the method's own error with
/// their value, `RPCError` as a status, any other error as the method's own error with its description.
///
/// Calls run the body concurrently. It runs on the event loop of the call's connection: code that blocks its thread wants
/// ``LeverService/LeverService/Configuration/methodsMayBlock``.
public struct Method: ServiceComponent {
    private let name: String
    private let handler: ServiceDefinition.MethodHandler

    /// A method with a result.
    ///
    /// - Parameters:
    ///   - name: The method's name. It does not end in `Chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable, Result: Encodable & Sendable>(
        _ name: String, _ body: @escaping @concurrent @Sendable (repeat each Parameter) async throws -> Result
    ) {
        self.name = name
        let signature = Signature(repeat (each Parameter).self)
        handler = { context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            return try RPCReply(encoding: await body(repeat each values))
        }
    }

    /// A method without a result, which answers `null`.
    ///
    /// - Parameters:
    ///   - name: The method's name. It does not end in `Chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable>(
        _ name: String, _ body: @escaping @concurrent @Sendable (repeat each Parameter) async throws -> Void
    ) {
        self.name = name
        let signature = Signature(repeat (each Parameter).self)
        handler = { context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await body(repeat each values)
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
        _ body: @escaping @concurrent @Sendable (CallContext, repeat each Parameter) async throws -> Result
    ) {
        self.name = name
        let signature = Signature(repeat (each Parameter).self)
        handler = { context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            return try RPCReply(encoding: await body(context, repeat each values))
        }
    }

    /// A method without a result, whose body gets the call first.
    ///
    /// - Parameters:
    ///   - name: The method's name. It does not end in `Chan`.
    ///   - body: What the method does.
    public init<each Parameter: Decodable & Sendable>(
        _ name: String,
        _ body: @escaping @concurrent @Sendable (CallContext, repeat each Parameter) async throws -> Void
    ) {
        self.name = name
        let signature = Signature(repeat (each Parameter).self)
        handler = { context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await body(context, repeat each values)
            return .result(.null)
        }
    }

    /// Adds the method to a service.
    public func add(to service: inout ServiceDefinition) {
        service.addMethod(name, handler)
    }
}

/// ``Method`` under a name that nothing else has: Objective-C's runtime, which Foundation brings along on Apple's systems, has a
/// `Method`, too.
public typealias LeverMethod = Method
