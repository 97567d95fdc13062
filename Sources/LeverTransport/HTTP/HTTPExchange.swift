package import NIOCore

/// The head of an HTTP request, whatever the version of the protocol.
package struct HTTPRequestHead: Sendable {
    /// The verb, as sent.
    package var method: String
    /// The path, without the query.
    package var path: String
    /// What follows the first `?`.
    package var query: String?
    /// The host that the request is for, with its port where it names one.
    package var authority: String?
    /// The fields in their order, names in lower case.
    package var headers: [(name: String, value: String)]
    package var isHTTP2: Bool
    package var peer: Peer

    package init(
        method: String, target: String, authority: String?, headers: [(name: String, value: String)], isHTTP2: Bool,
        peer: Peer
    ) {
        self.method = method
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = String(target[..<mark])
            query = String(target[target.utf8.index(after: mark)...])
        } else {
            path = target
            query = nil
        }
        self.authority = authority
        self.headers = headers
        self.isHTTP2 = isHTTP2
        self.peer = peer
    }

    /// The first field with this name, which is in lower case.
    package subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// The head of an HTTP response.
package struct HTTPResponseHead: Sendable {
    package var status: Int
    /// The fields, names in lower case. With `content-length` the body has that length; without, it ends when it ends.
    package var headers: [(name: String, value: String)]

    package init(status: Int, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = headers
    }
}

/// One HTTP request and its response, over HTTP/1.1 or a stream of HTTP/2.
///
/// The body may be read and the response be sent at the same time, by one task each. The handler's task is cancelled when
/// the peer is gone.
package protocol HTTPExchange: AnyObject, Sendable {
    var request: HTTPRequestHead { get }
    /// The loop of the connection, on which the handler runs.
    var eventLoop: any EventLoop { get }

    /// The next piece of the body; `nil` at its end. What is not asked for is not read from the peer, beyond a bound.
    ///
    /// - Throws: ``HTTPExchangeError`` when the peer is gone or its body is malformed; `CancellationError`.
    func nextChunk() async throws -> ByteBuffer?

    /// Sends the response's head.
    func send(_ head: HTTPResponseHead) async throws

    /// Sends a piece of the response's body, at once; returns when there is room for more.
    func send(_ chunk: ByteBuffer) async throws

    /// Ends the response.
    func finish() async throws

    /// Breaks the response off, so that the peer sees that it is not whole: HTTP/1.1 closes the connection without the last
    /// chunk, HTTP/2 resets the stream with INTERNAL_ERROR.
    func abort()
}

extension HTTPExchange {
    /// Sends a whole response.
    package func respond(
        _ status: Int, _ headers: [(name: String, value: String)] = [], body: ByteBuffer = ByteBuffer()
    ) async throws {
        var headers = headers
        if status != 204 { headers.append(("content-length", String(body.readableBytes))) }
        try await send(HTTPResponseHead(status: status, headers: headers))
        if body.readableBytes > 0, request.method != "HEAD" { try await send(body) }
        try await finish()
    }
}

/// Why an exchange cannot go on.
package enum HTTPExchangeError: Error, Equatable {
    /// The peer is gone, or has cancelled.
    case peerGone
    /// The request's body is malformed.
    case malformedBody(String)
    /// The response has ended.
    case ended
}

/// Who answers HTTP requests. Called in a task of each request, on the connection's event loop; returning without an answer
/// aborts the exchange.
package protocol HTTPHandler: Sendable {
    func handle(_ exchange: any HTTPExchange) async
}
