public import LeverCore
public import Logging

/// A service written in Swift: named methods, and the server that answers their calls.
///
/// ```swift
/// var service = LeverService()
/// service.method("SayHello") { (name: String) in "Hello, \(name)!" }
/// service.channel("EchoChan") { (channel: LeverChannel) in
///     for try await message in channel { try await channel.send(message) }
/// }
/// try await service.serve()
/// ```
///
/// It listens where the host that started it says (`LEVEROS_LISTEN`), by default on port 3837. ``serve()`` is for a program
/// that is nothing but the service; a program that runs more puts the service into a `ServiceGroup`. Either way SIGTERM lets
/// the calls in progress end before the program does.
public struct LeverService: Sendable {
    /// How the service listens and ends.
    public var configuration: Configuration
    var methods = MethodTable()
    let logger: Logger?

    /// Makes a service of any number of types' methods; more can be added before it runs.
    ///
    /// - Parameters:
    ///   - providers: What the methods are taken from.
    ///   - configuration: How the service listens and ends.
    ///   - logger: Where failures of the server are noted; by default standard error.
    public init(
        _ providers: any MethodProvider..., configuration: Configuration = .defaults, logger: Logger? = nil
    ) {
        self.configuration = configuration
        self.logger = logger
        for provider in providers { provider.addMethods(to: &self) }
    }

    /// What answers the methods' calls, for a transport within the process or a host that runs the service in its own.
    /// Each handler keeps track of the resources that it holds.
    public func handler() -> any RPCHandler {
        ServiceHandler(methods)
    }
}

/// A type whose methods can be a service's.
///
/// ```swift
/// struct Greeter: MethodProvider {
///     func sayHello(name: String) -> String { "Hello, \(name)!" }
///
///     func addMethods(to service: inout LeverService) {
///         service.method("SayHello", sayHello)
///     }
/// }
///
/// try await LeverService(Greeter()).serve()
/// ```
public protocol MethodProvider: Sendable {
    /// Registers the type's methods.
    func addMethods(to service: inout LeverService)
}
