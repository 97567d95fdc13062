import LeverCore
import LeverTransport
import NIOCore

/// The responses of the HTTP API.
enum GatewayResponse {
    typealias Fields = [(name: String, value: String)]

    static let json = "application/json"
    static let bytes = "application/octet-stream"

    /// What lets web pages read a response.
    static let openToBrowsers: Fields = [
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "lever-error, lever-error-reason, lever-version"),
    ]

    /// Sends a reply.
    static func send(
        _ reply: RPCReply, _ metadata: Fields, to exchange: any HTTPExchange, isOpenToBrowsers: Bool
    ) async throws {
        let (status, type, body): (Int, String, ByteBuffer) =
            switch reply {
            case .result(let value): (200, json, text(value))
            case .bytes(let data): (200, bytes, ByteBuffer(bytes: data))
            case .error(let value): (500, json, text(value))
            case .errorBytes(let data): (500, bytes, ByteBuffer(bytes: data))
            }
        var fields: Fields = [("content-type", type)]
        if status == 500 { fields.append((RPCHeader.error, "method")) }
        if let version = metadata.first(where: { $0.name == RPCHeader.version }) { fields.append(version) }
        if isOpenToBrowsers { fields += openToBrowsers }
        try await exchange.respond(status, fields, body: body)
    }

    /// Sends an error of the platform, or a status that the instance set.
    static func send(_ error: RPCError, to exchange: any HTTPExchange, isOpenToBrowsers: Bool) async throws {
        let error = withReasonOfOldServices(error)
        var fields: Fields = [
            ("content-type", json), (RPCHeader.error, error.origin == .instance ? "instance" : "platform"),
        ]
        if let reason = error.reason { fields.append((RPCHeader.errorReason, reason.token)) }
        if error.httpStatus == 405 { fields.append(("allow", "OPTIONS, POST")) }
        if isOpenToBrowsers { fields += openToBrowsers }
        let body: LeverValue = [
            "error": ["code": .string(error.code.name), "message": .string(error.message)]
        ]
        try await exchange.respond(error.httpStatus, fields, body: text(body))
    }

    /// Services of old libraries say with a text what others say with UNIMPLEMENTED.
    private static func withReasonOfOldServices(_ error: RPCError) -> RPCError {
        guard error.code == .unknown, error.origin == .instance, error.message.contains("Method not found") else {
            return error
        }
        var error = error
        error.code = .unimplemented
        return error
    }

    static func sendPreflight(to exchange: any HTTPExchange, maximumAge: Int) async throws {
        let fields: Fields = [
            ("access-control-allow-origin", "*"), ("access-control-allow-methods", "POST, OPTIONS"),
            ("access-control-allow-headers", "content-type, authorization, lever-timeout, lever-call-id"),
            ("access-control-max-age", String(maximumAge)), ("allow", "OPTIONS, POST"),
        ]
        try await exchange.respond(204, fields)
    }

    static func text(_ value: LeverValue) -> ByteBuffer {
        value.withJSON { span in
            var buffer = ByteBufferAllocator().buffer(capacity: span.byteCount + 1)
            buffer.writeBytes(span)
            return buffer
        }
    }
}
