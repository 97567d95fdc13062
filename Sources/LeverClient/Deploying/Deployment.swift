public import LeverCore

/// A version of a service that has been deployed and is live.
public struct Deployment: Sendable, Hashable {
    /// The environment that the service belongs to.
    public var environment: EnvironmentName
    /// The service, as its manifest names it.
    public var service: ServiceName
    /// The version's number; `nil` where the host does not say it.
    public var version: Int?

    /// Names a version.
    public init(environment: EnvironmentName, service: ServiceName, version: Int?) {
        self.environment = environment
        self.service = service
        self.version = version
    }

    /// The service's address, to which a method's name is added.
    public var url: String { "lever://\(environment)/\(service)" }
}

/// What happens during a deployment.
public enum DeploymentEvent: Sendable, Hashable {
    /// A part of the package has been sent.
    ///
    /// - Parameters:
    ///   - sent: The bytes sent so far, compressed.
    ///   - fraction: How much of the directory that is, from 0 to 1.
    case uploading(sent: Int, fraction: Double)
    /// The whole package has been sent, this many bytes.
    case uploaded(bytes: Int)
    /// The host has come to a phase: `received`, `unpacked`, `starting`, `ready`, or one of a newer host.
    case phase(String, message: String?)
    /// Something about the service that should be looked after, such as an unknown key of its manifest.
    case warning(String)
}
