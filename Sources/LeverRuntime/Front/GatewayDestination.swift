import LeverCore
import LeverTransport

/// What the head of a request says about its call.
struct GatewayDestination {
    /// Headers of a request that go on to the method. All others end here, `x-` headers and those of the host above all.
    private static let passedHeaders: Set<String> = [
        "authorization", "cookie", "traceparent", "tracestate", "baggage",
    ]

    private(set) var context: CallContext
    /// Whether the body is JSON; else it is bytes.
    let isJSON: Bool
    let isAdministration: Bool

    init(_ request: HTTPRequestHead, _ configuration: HTTPGatewayConfiguration) throws(RPCError) {
        let environment = try Self.environment(request, configuration)
        isAdministration = environment == .admin
        isJSON = Self.isJSON(request["content-type"])
        if request.method == "OPTIONS" {
            // A preflight is answered for whatever path; only the environment matters.
            context = CallContext(
                url: LeverURL(environment: environment, service: .admin, method: .newResource))
            return
        }
        context = CallContext(url: try LeverURL(environment: environment, path: request.path.dropFirst()))
        if let text = request[RPCHeader.timeout] {
            guard let timeout = GRPCTimeout.parse(text) else {
                throw RPCError(
                    .badMessage,
                    "lever-timeout \"\(text.prefix(64))\" is not 1 to 8 digits and a unit (H, M, S, m, u, n)")
            }
            context.deadline = .now + timeout
        }
        if let id = request[RPCHeader.callID] {
            guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw RPCError(.badMessage, "lever-call-id is not 1 to 128 printable ASCII characters")
            }
            context.callID = id
        }
        context.metadata = request.headers.filter { Self.passedHeaders.contains($0.name) }
    }

    private static func environment(
        _ request: HTTPRequestHead, _ configuration: HTTPGatewayConfiguration
    ) throws(RPCError) -> EnvironmentName {
        if let forced = try forcedEnvironment(request.query) { return try EnvironmentName(forced) }
        let host = withoutPort(request.authority ?? "")
        if host.isEmpty || isAddress(host) || host.lowercased() == "localhost" {
            return configuration.defaultEnvironment
        }
        return try EnvironmentName(host)
    }

    private static func forcedEnvironment(_ query: String?) throws(RPCError) -> String? {
        guard let query else { return nil }
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == "forceenv" else { continue }
            return withoutPort(parts.count > 1 ? String(parts[1]) : "")
        }
        return nil
    }

    static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        let type = contentType.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return type.lowercased() == "application/json"
    }

    static func withoutPort(_ authority: String) -> String {
        if authority.hasPrefix("[") {
            return String(authority.dropFirst().prefix { $0 != "]" })
        }
        guard let colon = authority.lastIndex(of: ":"),
            authority[authority.index(after: colon)...].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return authority }
        return String(authority[..<colon])
    }

    /// Whether a host is a numeric address.
    private static func isAddress(_ host: String) -> Bool {
        if host.contains(":") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || (isAddress(host) && Peer.isLoopback(host))
    }
}
