public import LeverCore

/// A service as a Swift type: a protocol says what its methods are, a stub calls them, and a program's tests put something else
/// behind the same protocol.
///
/// ```swift
/// protocol Greeting: Sendable {
///     func sayHello(_ name: String) async throws -> String
///     func forget(_ name: String) async throws
/// }
///
/// struct GreetingStub: ServiceStub, Greeting {
///     let endpoint: ServiceEndpoint
///
///     func sayHello(_ name: String) async throws -> String { try await call("SayHello", name) }
///     func forget(_ name: String) async throws { try await idempotent.call("Forget", name) }
/// }
///
/// let greeting = GreetingStub(endpoint: try client.service("dev.lever", "hello"))
/// print(try await greeting.sayHello("world"))
/// ```
public protocol ServiceStub: Sendable {
    /// The service, or a resource of it, that is called.
    var endpoint: ServiceEndpoint { get }

    /// Makes a stub that calls an endpoint; a struct with nothing else has it by itself.
    init(endpoint: ServiceEndpoint)
}

extension ServiceStub {
    /// The same methods, of a resource.
    public func resource(_ name: String) -> Self { Self(endpoint: endpoint.resource(name)) }

    /// The same methods with other options for their calls.
    public func with(_ options: CallOptions) -> Self { Self(endpoint: endpoint.with(options)) }

    /// The same methods, called as ones that may run twice.
    public var idempotent: Self { Self(endpoint: endpoint.idempotent) }

    /// Calls a method that returns nothing of interest.
    ///
    /// - Throws: as ``ServiceEndpoint/invoke(_:_:as:options:)``.
    public func call<each Argument: Encodable & Sendable>(
        _ method: String, _ arguments: repeat each Argument
    ) async throws {
        let _: Void = try await endpoint.invoke(method, repeat each arguments)
    }

    /// Calls a method whose result is of the type that is asked for where the call stands.
    ///
    /// - Throws: as ``ServiceEndpoint/invoke(_:_:as:options:)``.
    public func call<each Argument: Encodable & Sendable, Result: Decodable>(
        _ method: String, _ arguments: repeat each Argument
    ) async throws -> Result {
        try await endpoint.invoke(method, repeat each arguments, as: Result.self)
    }

    /// Opens a channel to a method.
    ///
    /// - Throws: as ``ServiceEndpoint/channel(_:_:options:)``.
    public func open<each Argument: Encodable & Sendable>(
        _ method: String, _ arguments: repeat each Argument
    ) async throws -> LeverChannel {
        try await endpoint.channel(method, repeat each arguments)
    }
}
