/// Names one service of one environment.
public struct ServiceID: Sendable, Hashable, CustomStringConvertible {
    /// The environment that the service belongs to.
    public let environment: EnvironmentName
    /// The service's name within it.
    public let service: ServiceName

    /// The host's own administration: `admin.lever/admin`.
    public static let admin = ServiceID(environment: .admin, service: .admin)

    /// Names a service of an environment.
    public init(environment: EnvironmentName, service: ServiceName) {
        self.environment = environment
        self.service = service
    }

    /// The two names as addresses have them, for example `dev.lever/hello`.
    public var description: String { "\(environment)/\(service)" }
}
