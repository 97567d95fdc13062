package import LeverCore
package import LeverTransport
package import Logging
package import NIOCore

/// The HTTP API: turns requests into calls, and replies into responses. A pick and a caller, nothing else.
///
/// `POST /<service>[/<resource>]/<method>` calls a method; `OPTIONS` answers CORS preflight; `GET /healthz`, `/readyz` and
/// the static resources are the host's own.
///
/// An error that comes after a channel's response has begun breaks the response off: over HTTP/1.1 the connection closes
/// without the last chunk, over HTTP/2 the stream is reset with INTERNAL_ERROR. Clients see an incomplete response, never one
/// that looks whole.
package struct HTTPGateway: HTTPHandler {
    let configuration: HTTPGatewayConfiguration
    private let transport: @Sendable (Peer, any EventLoop) -> any RPCTransport
    private let isReady: @Sendable () -> Bool
    private let resource: @Sendable (String) -> StaticResource?
    let logger: Logger

    /// - Parameters:
    ///   - transport: gives what makes the calls of a peer; called on the event loop of its connection.
    ///   - isReady: whether the host takes calls, for `/readyz`.
    ///   - resource: what is at a path that starts with `/`.
    package init(
        configuration: HTTPGatewayConfiguration = .defaults,
        transport: @escaping @Sendable (Peer, any EventLoop) -> any RPCTransport,
        isReady: @escaping @Sendable () -> Bool = { true },
        resource: @escaping @Sendable (String) -> StaticResource? = { _ in nil }, logger: Logger
    ) {
        self.configuration = configuration
        self.transport = transport
        self.isReady = isReady
        self.resource = resource
        self.logger = logger
    }

    package func handle(_ exchange: any HTTPExchange) async {
        do {
            try await answer(exchange)
        } catch is CancellationError {
            exchange.abort()
        } catch {
            // The peer is gone; nobody is left to be told.
            logger.debug("HTTP request ended early", metadata: ["lever.reason": "\(error)"])
            exchange.abort()
        }
    }

    private func answer(_ exchange: any HTTPExchange) async throws {
        let request = exchange.request
        if request.method == "GET" || request.method == "HEAD", try await answerGet(exchange) { return }
        guard request.method == "POST" || request.method == "OPTIONS" else {
            try await refuseVerb(exchange)
            return
        }
        let destination: GatewayDestination
        do throws(RPCError) {
            destination = try GatewayDestination(request, configuration)
            try checkAdministration(destination, request)
        } catch {
            try await GatewayResponse.send(error, to: exchange, isOpenToBrowsers: false)
            return
        }
        if request.method == "OPTIONS" {
            try await GatewayResponse.sendPreflight(to: exchange, maximumAge: configuration.preflightAge)
        } else {
            await call(destination, exchange)
        }
    }

    /// Whatever the address: the verb is wrong for all of them.
    private func refuseVerb(_ exchange: any HTTPExchange) async throws {
        let request = exchange.request
        let isAdministration = (try? GatewayDestination(request, configuration).isAdministration) ?? true
        try await GatewayResponse.send(
            RPCError(
                .badVerb, "the verb \(request.method.prefix(32)) is not served here; methods are called with POST"),
            to: exchange, isOpenToBrowsers: !isAdministration)
    }

    private func answerGet(_ exchange: any HTTPExchange) async throws -> Bool {
        let contents: (status: Int, resource: StaticResource)
        switch exchange.request.path {
        case "/healthz":
            contents = (200, StaticResource(contentType: "text/plain", body: ByteBuffer(string: "ok\n")))
        case "/readyz":
            let isReady = isReady()
            let text = isReady ? "ready\n" : "not ready\n"
            contents = (isReady ? 200 : 503, StaticResource(contentType: "text/plain", body: ByteBuffer(string: text)))
        default:
            guard let found = resource(exchange.request.path) else { return false }
            contents = (200, found)
        }
        try await exchange.respond(
            contents.status, [("content-type", contents.resource.contentType)], body: contents.resource.body)
        return true
    }

    /// The administration can deploy code, so web pages must not reach it: neither directly (`Origin`), nor under a name that
    /// somebody else's DNS gives this machine (`Host`); nor anybody from elsewhere, until there are credentials.
    private func checkAdministration(_ destination: GatewayDestination, _ request: HTTPRequestHead) throws(RPCError) {
        guard destination.isAdministration else { return }
        guard request.peer.isTrusted else {
            throw RPCError(
                .forbidden, "the administration answers only callers on this machine, and peers that it was told")
        }
        if let origin = request["origin"] {
            throw RPCError(
                .forbidden, "the administration takes no requests from web pages (\"\(origin.prefix(128))\")")
        }
        let host = GatewayDestination.withoutPort(request.authority ?? "").lowercased()
        guard GatewayDestination.isLoopback(host) || configuration.adminHosts.contains(host) else {
            throw RPCError(
                .forbidden, "the administration is not served under the host \"\(host.prefix(128))\"; use localhost")
        }
    }

    func transport(for exchange: any HTTPExchange) -> any RPCTransport {
        transport(exchange.request.peer, exchange.eventLoop)
    }
}
