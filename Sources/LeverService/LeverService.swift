public import LeverCore
public import Logging

/// A service that can run: a definition, and the server that answers its calls.
///
/// A program that is nothing but a service is a ``LeverServiceMain``. This is for one that runs more, as a part of its
/// `ServiceGroup`, and for whoever wants the service's handler:
///
/// ```swift
/// let greeter = LeverService {
///     Method("SayHello") { (name: String) in "Hello, \(name)!" }
/// }
/// try await ServiceGroup(services: [database, greeter], gracefulShutdownSignals: [.sigterm], logger: logger).run()
/// ```
///
/// It listens where the host that started it says (`LEVEROS_LISTEN`), by default on port 3837. When the group shuts down, the
/// calls in progress end before it does, and the resources that it still holds are closed.
public struct LeverService: Sendable {
    /// What the service does.
    public var definition: ServiceDefinition
    /// How the service listens and ends.
    public var configuration: Configuration
    /// Where the server and the methods log.
    public var logger: Logger

    /// Makes a service of a definition.
    ///
    /// - Parameters:
    ///   - definition: What the service does.
    ///   - configuration: How the service listens and ends.
    ///   - logger: Where the server and the methods log.
    public init(
        _ definition: ServiceDefinition, configuration: Configuration = .defaults,
        logger: Logger = Logger(label: "lever.service")
    ) {
        self.definition = definition
        self.configuration = configuration
        self.logger = logger
    }

    /// Makes a service of components below each other.
    ///
    /// - Parameters:
    ///   - configuration: How the service listens and ends.
    ///   - logger: Where the server and the methods log.
    ///   - components: What the service does.
    public init(
        configuration: Configuration = .defaults, logger: Logger = Logger(label: "lever.service"),
        @ServiceBuilder _ components: () throws -> ServiceDefinition
    ) rethrows {
        self.init(try components(), configuration: configuration, logger: logger)
    }

    /// What answers the methods' calls, for a transport within the process or a host that runs the service in its own. Each
    /// handler is an instance of its own: it holds its own resources.
    public func handler() -> any RPCHandler {
        ServiceHandler(definition, logger: logger)
    }
}
