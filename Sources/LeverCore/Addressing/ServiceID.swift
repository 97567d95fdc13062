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

    /// Takes the two names as addresses have them, for example `dev.lever/hello`.
    ///
    /// - Throws: ``RPCError`` with the reason ``RPCError/Reason/badURL`` where it is not two names, or one is malformed.
    public init(_ text: some StringProtocol) throws(RPCError) {
        guard let slash = text.firstIndex(of: "/") else {
            throw RPCError(.badURL, "\"\(text.prefix(256))\" names no service: it should be <environment>/<service>")
        }
        self.init(
            environment: try EnvironmentName(text[..<slash]),
            service: try ServiceName(text[text.index(after: slash)...]))
    }

    /// The two names as addresses have them, for example `dev.lever/hello`.
    public var description: String { "\(environment)/\(service)" }
}
