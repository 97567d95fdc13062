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

    /// Takes the two names as addresses have them: `dev.lever/hello`, with or without `lever://` before it.
    ///
    /// - Throws: ``RPCError`` with the reason ``RPCError/Reason/badURL``, naming the text.
    public init(_ text: some StringProtocol) throws(RPCError) {
        let scheme = "lever://"
        let names = text.hasPrefix(scheme) ? text.dropFirst(scheme.count) : text[...]
        guard let slash = names.firstIndex(of: "/") else {
            throw RPCError(
                .badURL, "\"\(text.prefix(64))\" names no service: it should be an environment, a slash and a service")
        }
        self.init(
            environment: try EnvironmentName(names[..<slash]),
            service: try ServiceName(names[names.index(after: slash)...]))
    }

    /// The two names as addresses have them, for example `dev.lever/hello`.
    public var description: String { "\(environment)/\(service)" }
}
